// The CloudFormation resources of a deployment, except the functions, their log groups and the HTTP API, for which each
// tool has its own form.
import { alarmResource, compositeAlarmResource } from './alarm-resources.ts'
import { bucketResources } from './buckets.ts'
import { arnOf, type Json, RETAINED } from './cloudformation.ts'
import { dashboardResource } from './dashboard.ts'
import type {
  Deployment,
  FunctionResource,
  MappingResource,
  PermissionResource,
  QueueResource,
  RuleResource,
  ScheduleResource,
} from './deployment-model.ts'
import { codeDeployResources } from './gradual-deployment.ts'
import { httpDomain } from './http-domain.ts'
import type { DeployOptions } from './options.ts'
import { queuePolicyResource } from './queue-policies.ts'
import { roleResources } from './role-resources.ts'
import { rulesPermissionId } from './rules.ts'
import { vpcEndpoints } from './vpc-endpoints.ts'

/**
 * Creates the resources.
 * @throws Error if two resources have the same logical id
 */
export function cloudFormationResources(deployment: Deployment): Json {
  const {
    functions,
    queues,
    buckets,
    queuePolicies,
    mappings,
    rules,
    schedule,
    permissions,
    alarms,
    compositeAlarms,
    options,
  } = deployment
  const functionArns = Object.fromEntries(functions.map(each => [each.key, invokedArn(each)]))
  const functionOf = ({ function: key }: { readonly function: string }) => functionArns[key]
  return withUniqueIds([
    ...queues.map((queue): Entry => [queue.id, queueResource(queue, options)]),
    ...buckets.flatMap((bucket): Entry[] => bucketResources(bucket, options)),
    ...queuePolicies.map((policy): Entry => [policy.id, queuePolicyResource(policy)]),
    ...mappings.map((mapping): Entry => [mapping.id, mappingResource(mapping, functionOf(mapping))]),
    ...rules.map((rule): Entry => [rule.id, ruleResource(rule, functionOf(rule), needsOf(rule, deployment))]),
    ...(schedule ? [[schedule.id, scheduleResource(schedule, functionOf(schedule))] satisfies Entry] : []),
    ...permissions.map((permission): Entry => [permission.id, permissionResource(permission, functionOf(permission))]),
    ...functions.flatMap((each): Entry[] => [...roleResources(each.role, options), ...asynchronous(each)]),
    ...alarms.map((each): Entry => [each.id, alarmResource(each, options)]),
    ...compositeAlarms.map((each): Entry => [each.id, compositeAlarmResource(each, options)]),
    ['Dashboard', dashboardResource(deployment)] satisfies Entry,
    ...Object.entries(vpcEndpoints(options, deployment.region)),
    ...Object.entries(httpDomain(options)),
    ...Object.entries(codeDeployResources(deployment)),
  ])
}

/** The ARN of the alias, if there is one: triggers that invoked the function itself would bypass the alias. */
function invokedArn({ id, alias }: FunctionResource): unknown {
  return alias === undefined ? arnOf(id) : { Ref: alias.id }
}

type Entry = [id: string, resource: unknown]

function withUniqueIds(entries: readonly Entry[]): Json {
  const byId = new Map(entries)
  const twice = entries.find(([id, resource]) => byId.get(id) !== resource)
  if (twice) throw new Error(`${twice[0]}: expected one resource of this logical id, got two.`)
  return Object.fromEntries(byId)
}

function queueResource(queue: QueueResource, { kmsKeyArn }: DeployOptions): Json {
  const encryption =
    kmsKeyArn === undefined
      ? { SqsManagedSseEnabled: true }
      : { KmsMasterKeyId: kmsKeyArn, KmsDataKeyReusePeriodSeconds: 300 }
  const { holds, queueName, isFifo, throughput, retentionS, visibilityS, redrive, dlqOf } = queue
  return {
    Type: 'AWS::SQS::Queue',
    ...(holds === 'lease' ? {} : RETAINED),
    Properties: {
      ...encryption,
      MessageRetentionPeriod: retentionS,
      ...(queueName === undefined ? {} : { QueueName: queueName }),
      ...(isFifo ? { FifoQueue: true } : {}),
      ...(throughput === undefined ? {} : THROUGHPUT[throughput]),
      ...(visibilityS === undefined ? {} : { VisibilityTimeout: visibilityS }),
      ...(redrive === undefined
        ? {}
        : {
            RedrivePolicy: { deadLetterTargetArn: arnOf(redrive.dlqId), maxReceiveCount: redrive.maxReceiveCount },
          }),
      ...(dlqOf === undefined ? {} : { RedriveAllowPolicy: redriveAllowPolicy(dlqOf) }),
    },
  }
}

/** The two properties belong together: SQS accepts a limit per group only with deduplication within the group. */
const THROUGHPUT = {
  perQueue: { FifoThroughputLimit: 'perQueue', DeduplicationScope: 'queue' },
  perMessageGroupId: { FifoThroughputLimit: 'perMessageGroupId', DeduplicationScope: 'messageGroup' },
} as const

/**
 * Names the source queue by its ARN as text: it refers to its DLQ, and CloudFormation accepts no circular references.
 */
function redriveAllowPolicy(dlqOf: string): Json {
  if (dlqOf === 'none') return { redrivePermission: 'denyAll' }
  const arn = { 'Fn::Sub': `arn:\${AWS::Partition}:sqs:\${AWS::Region}:\${AWS::AccountId}:${dlqOf}` }
  return { redrivePermission: 'byQueue', sourceQueueArns: [arn] }
}

function mappingResource(mapping: MappingResource, functionArn: unknown): Json {
  const { queueArn, batchSize, windowS, maximumConcurrency, pollers, filterPatterns } = mapping
  const filters = filterPatterns?.map(pattern => ({ Pattern: JSON.stringify(pattern) }))
  return {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: queueArn,
      FunctionName: functionArn,
      Enabled: true,
      BatchSize: batchSize,
      ...(windowS === undefined ? {} : { MaximumBatchingWindowInSeconds: windowS }),
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ...(maximumConcurrency === undefined ? {} : { ScalingConfig: { MaximumConcurrency: maximumConcurrency } }),
      ...(pollers === undefined
        ? {}
        : { ProvisionedPollerConfig: { MinimumPollers: pollers.minimum, MaximumPollers: pollers.maximum } }),
      ...(filters === undefined ? {} : { FilterCriteria: { Filters: filters } }),
    },
  }
}

/**
 * The resources that must exist first. Otherwise the events of an existing rule could reach neither the function nor a
 * queue.
 */
function needsOf({ bus, dlqId, function: key }: RuleResource, { queuePolicies, functions }: Deployment): string[] {
  const policies = queuePolicies.filter(({ queueIds }) => queueIds.includes(dlqId))
  const configs = functions.filter(each => each.key === key).flatMap(asynchronous)
  return [rulesPermissionId(bus), ...policies.map(({ id }) => id), ...configs.map(([id]) => id)]
}

function ruleResource(rule: RuleResource, functionArn: unknown, needs: readonly string[]): Json {
  const { name, pattern, bus, dlqId, maximumEventAgeS, maximumRetryAttempts } = rule
  const target = {
    Arn: functionArn,
    Id: 'function',
    RetryPolicy: { MaximumEventAgeInSeconds: maximumEventAgeS, MaximumRetryAttempts: maximumRetryAttempts },
    DeadLetterConfig: { Arn: arnOf(dlqId) },
  }
  return {
    Type: 'AWS::Events::Rule',
    DependsOn: needs,
    Properties: {
      Name: name,
      ...(bus === undefined ? {} : { EventBusName: bus }),
      EventPattern: pattern,
      State: 'ENABLED',
      Targets: [target],
    },
  }
}

function scheduleResource({ expression }: ScheduleResource, functionArn: unknown): Json {
  return {
    Type: 'AWS::Events::Rule',
    Properties: {
      ScheduleExpression: expression,
      State: 'ENABLED',
      Targets: [{ Arn: functionArn, Id: 'redriveSchedule' }],
    },
  }
}

function permissionResource({ service, sourceArn }: PermissionResource, functionArn: unknown): Json {
  return {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: functionArn,
      Principal: service,
      SourceArn: sourceArn,
    },
  }
}

/**
 * For the function itself, and for its alias if there is one. An event waits under the qualifier with which it was
 * invoked, so events that wait when an alias is added keep their retries and their destination.
 */
function asynchronous({ id: functionId, alias, asynchronous: config }: FunctionResource): Entry[] {
  if (config === undefined) return []
  const destination = 'bucketId' in config.onFailure ? config.onFailure.bucketId : config.onFailure.queueId
  const resourceOf = (qualifier: string, dependencies: Json): Json => ({
    Type: 'AWS::Lambda::EventInvokeConfig',
    ...dependencies,
    Properties: {
      FunctionName: { Ref: functionId },
      Qualifier: qualifier,
      MaximumRetryAttempts: config.maximumRetryAttempts,
      MaximumEventAgeInSeconds: config.maximumEventAgeS,
      DestinationConfig: { OnFailure: { Destination: arnOf(destination) } },
    },
  })
  const ofFunction: Entry = [config.id, resourceOf('$LATEST', {})]
  if (alias === undefined) return [ofFunction]
  return [ofFunction, [`${config.id}OfAlias`, resourceOf(alias.name, { DependsOn: alias.id })]]
}
