// Gradual deployment (--param deploymentPreference): CodeDeploy moves the alias of a function to its new version step
// by step, and moves it back if one of its alarms is on.
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html
import type { Json } from './cloudformation.ts'
import type { AlarmResource, Deployment, FunctionResource, GradualDeployment } from './deployment-model.ts'
import { camelCase } from './naming.ts'
import type { DeployOptions } from './options.ts'
import { roleResource } from './role-resources.ts'

const APPLICATION = 'CodeDeployApplication'
const ROLE = 'CodeDeployRole'
const POLICY = `arn:\${AWS::Partition}:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited`

/** Alarms that mean that the new version fails, or that its records are not in a safe place. */
const ROLLS_BACK: ReadonlySet<string> = new Set([
  'Errors',
  'Returned',
  '5xx',
  'AsyncEventsDropped',
  'DestinationDeliveryFailures',
])

/** Whether a function is deployed gradually. Only you and a schedule invoke redrive, so its traffic can't be split. */
export function isGradual(key: FunctionResource['key'], { deploymentPreference }: DeployOptions): boolean {
  return deploymentPreference !== undefined && key !== 'redrive'
}

export function gradualDeploymentOf(
  functions: readonly FunctionResource[],
  alarms: readonly AlarmResource[],
  options: DeployOptions,
): GradualDeployment | undefined {
  const { deploymentPreference } = options
  if (deploymentPreference === undefined) return undefined
  // CodeDeploy refuses to deploy while an alarm is on. Without alarms, AllAtOnce can still deploy a fix.
  const isGuarded = deploymentPreference !== 'AllAtOnce'
  return {
    configuration: `CodeDeployDefault.Lambda${deploymentPreference}`,
    groups: functions
      .filter(({ key }) => isGradual(key, options))
      .map(({ key }) => ({
        id: `${camelCase(key)}DeploymentGroup`,
        function: key,
        alarmIds: alarms
          .filter(alarm => isGuarded && alarm.function === key && ROLLS_BACK.has(alarm.kind))
          .map(({ id }) => id),
      })),
  }
}

export function codeDeployResources({ gradual, options }: Deployment): Json {
  if (gradual === undefined) return {}
  return {
    [APPLICATION]: { Type: 'AWS::CodeDeploy::Application', Properties: { ComputePlatform: 'Lambda' } },
    [ROLE]: roleResource('codedeploy.amazonaws.com', options, { ManagedPolicyArns: [{ 'Fn::Sub': POLICY }] }),
    ...Object.fromEntries(gradual.groups.map(group => [group.id, groupResource(group, gradual.configuration)])),
  }
}

function groupResource({ alarmIds }: GradualDeployment['groups'][number], configuration: string): Json {
  const alarms = alarmIds.map(id => ({ Name: { Ref: id } }))
  return {
    Type: 'AWS::CodeDeploy::DeploymentGroup',
    Properties: {
      ApplicationName: { Ref: APPLICATION },
      ServiceRoleArn: { 'Fn::GetAtt': [ROLE, 'Arn'] },
      DeploymentConfigName: configuration,
      DeploymentStyle: { DeploymentType: 'BLUE_GREEN', DeploymentOption: 'WITH_TRAFFIC_CONTROL' },
      AutoRollbackConfiguration: {
        Enabled: true,
        Events: ['DEPLOYMENT_FAILURE', ...(alarms.length > 0 ? ['DEPLOYMENT_STOP_ON_ALARM'] : [])],
      },
      ...(alarms.length > 0 ? { AlarmConfiguration: { Enabled: true, Alarms: alarms } } : {}),
    },
  }
}

/** Properties of the aliases that osls can't set. osls creates an alias only with provisioned concurrency. */
export function aliasExtensions({ functions, gradual }: Deployment): Json {
  return Object.fromEntries(
    functions.flatMap(({ key, alias }) => {
      const group = gradual?.groups.find(each => each.function === key)
      if (alias === undefined || group === undefined) return []
      const update = { ApplicationName: { Ref: APPLICATION }, DeploymentGroupName: { Ref: group.id } }
      const extension = {
        UpdatePolicy: { CodeDeployLambdaAliasUpdate: update },
        ...(alias.provisionedConcurrency === undefined
          ? { Properties: { ProvisionedConcurrencyConfig: { Ref: 'AWS::NoValue' } } }
          : {}),
      }
      return [[alias.id, extension]]
    }),
  )
}
