// --param deploymentPreference: CodeDeploy shifts the traffic of each function to its new version.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { oslsForm } from '../../scripts/template/osls-form.ts'
import { contractsFedBy } from '../support/contracts.ts'
import { type Deployed, deployed } from '../support/deployed.ts'

const FEEDS = { orders: { http: true, sqs: [{ queue: 'orders' }], eventbridge: [{ source: ['shop'] }] } }
const CANARY = 'deploymentPreference=Canary10Percent10Minutes'
const of = (...params: string[]) => deployed(FEEDS, params)
const extensionsOf = (...params: string[]) => {
  const env = { KAFKA_BOOTSTRAP_SERVERS: 'a:9092,b:9092' }
  const { resources } = oslsForm(deploymentOf(contractsFedBy(FEEDS), env, readOptions(params)))
  return (resources as { extensions: Record<string, object> }).extensions
}
const alarmsOf = ({ resources }: Deployed, group: string) =>
  resources[group]?.Properties.AlarmConfiguration?.Alarms.map(({ Name }: { Name: { Ref: string } }) => Name.Ref)

test('every function but redrive has a group, whose alarms of its own bring the old version back', () => {
  const canary = of(CANARY)
  const groups = Object.entries(canary.resources).filter(([, { Type }]) => Type === 'AWS::CodeDeploy::DeploymentGroup')
  assert.deepEqual(
    groups.map(([id]) => id),
    ['HttpDeploymentGroup', 'SqsDeploymentGroup', 'EventbridgeDeploymentGroup'],
  )
  for (const [, { Properties }] of groups) {
    assert.equal(Properties.DeploymentConfigName, 'CodeDeployDefault.LambdaCanary10Percent10Minutes')
    const { Enabled, Events } = Properties.AutoRollbackConfiguration
    assert.deepEqual([Enabled, Events], [true, ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM']])
  }
  assert.deepEqual(alarmsOf(canary, 'HttpDeploymentGroup'), ['HttpErrorsAlarm', 'HttpReturnedAlarm', 'Http5xxAlarm'])
  assert.deepEqual(alarmsOf(canary, 'SqsDeploymentGroup'), ['SqsErrorsAlarm', 'SqsReturnedAlarm'])
  assert.deepEqual(alarmsOf(canary, 'EventbridgeDeploymentGroup'), [
    ...['EventbridgeErrorsAlarm', 'EventbridgeReturnedAlarm', 'EventbridgeAsyncEventsDroppedAlarm'],
    'EventbridgeDestinationDeliveryFailuresAlarm',
  ])
  for (const alarm of ['Http5xxAlarm', 'EventbridgeAsyncEventsDroppedAlarm']) assert.ok(canary.resources[alarm], alarm)
})

test('events that wait when the alias is added keep the retries and the destination of the function', () => {
  const without = of().resources.EventbridgeLambdaEvConf
  const { resources } = of(CANARY)
  assert.deepEqual(resources.EventbridgeLambdaEvConf, without)
  const { Qualifier, ...kept } = resources.EventbridgeLambdaEvConfOfAlias?.Properties ?? {}
  assert.deepEqual({ ...kept, Qualifier: '$LATEST' }, without?.Properties)
  assert.equal(Qualifier, 'provisioned')
})

test('every trigger invokes the alias, which is updated through CodeDeploy', () => {
  const { functions, resources, ofType } = of(CANARY)
  const aliases = { sqs: { Ref: 'SqsProvConcLambdaAlias' }, eventbridge: { Ref: 'EventbridgeProvConcLambdaAlias' } }
  assert.deepEqual(ofType('AWS::Lambda::EventSourceMapping')[0].FunctionName, aliases.sqs)
  assert.deepEqual(ofType('AWS::Events::Rule')[0].Targets[0].Arn, aliases.eventbridge)
  assert.deepEqual(ofType('AWS::Lambda::Permission')[0].FunctionName, aliases.eventbridge)
  assert.equal(resources.EventbridgeLambdaEvConfOfAlias?.Properties.Qualifier, 'provisioned')
  // osls makes the alias, also for the routes, when it has a number.
  assert.deepEqual(
    Object.values(functions).map(({ provisionedConcurrency }) => provisionedConcurrency),
    [1, 1, 1, undefined],
  )
  const extension = (group: string) => ({
    UpdatePolicy: {
      CodeDeployLambdaAliasUpdate: {
        ApplicationName: { Ref: 'CodeDeployApplication' },
        DeploymentGroupName: { Ref: group },
      },
    },
  })
  const unprovisioned = { Properties: { ProvisionedConcurrencyConfig: { Ref: 'AWS::NoValue' } } }
  assert.deepEqual(extensionsOf(CANARY, 'provisionedConcurrency.http=5'), {
    HttpProvConcLambdaAlias: extension('HttpDeploymentGroup'),
    SqsProvConcLambdaAlias: { ...extension('SqsDeploymentGroup'), ...unprovisioned },
    EventbridgeProvConcLambdaAlias: { ...extension('EventbridgeDeploymentGroup'), ...unprovisioned },
  })
})

test('the role of CodeDeploy has the account’s path and boundary', () => {
  const boundary = 'arn:aws:iam::123456789012:policy/boundary'
  const { CodeDeployRole } = of(CANARY, 'rolePath=/teams/', `permissionsBoundaryArn=${boundary}`).resources
  const { Path, PermissionsBoundary, AssumeRolePolicyDocument, ManagedPolicyArns } = CodeDeployRole?.Properties ?? {}
  assert.deepEqual([Path, PermissionsBoundary], ['/teams/', boundary])
  assert.deepEqual(AssumeRolePolicyDocument.Statement[0].Principal, { Service: 'codedeploy.amazonaws.com' })
  assert.match(JSON.stringify(ManagedPolicyArns), /service-role\/AWSCodeDeployRoleForLambdaLimited"/)
})

test('AllAtOnce asks no alarm, so that a fix can be deployed while one is in alarm', () => {
  const { HttpDeploymentGroup } = of('deploymentPreference=AllAtOnce').resources
  const { AlarmConfiguration, AutoRollbackConfiguration } = HttpDeploymentGroup?.Properties ?? {}
  assert.deepEqual([AlarmConfiguration, AutoRollbackConfiguration.Events], [undefined, ['DEPLOYMENT_FAILURE']])
})

test('without the parameter there is no CodeDeploy', () => {
  assert.doesNotMatch(JSON.stringify(of().resources), /CodeDeploy/)
  assert.throws(() => of('deploymentPreference=Canary'), /deploymentPreference: expected Canary10Percent5Minutes, /)
})
