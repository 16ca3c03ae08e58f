// What is deployed, as data: the functions and everything that feeds them or that they need. The forms for osls, CDK,
// SAM and Terraform are made of it, so that they can't differ. Only what something feeds is in it.
import type { Route } from '../../functions/http/dialects/dialect.ts'
import type { Json, Statement } from './cloudformation.ts'
import type { DeployOptions } from './options.ts'

/** Text, or one of CloudFormation's `Ref`, `Fn::GetAtt` (`Arn`, `QueueName`), `Fn::Sub` and `Fn::Join`. */
export type Expression = string | Json

export type FunctionKey = 'http' | 'sqs' | 'sqs-fifo' | 'eventbridge' | 'redrive'

/** Every resource has a logical id that is unique in the deployment. */
interface Resource {
  readonly id: string
}

export interface FunctionResource extends Resource {
  readonly key: FunctionKey
  readonly functionName: string
  /** The folder of dist/functions with its code; the handler is `index.handler`. */
  readonly bundle: string
  readonly memoryMb: number
  readonly timeoutS: number
  /** Undefined: not reserved. */
  readonly reservedConcurrency: number | undefined
  /** What the triggers invoke; undefined: the function's latest code. */
  readonly alias:
    | (Resource & { readonly name: string; readonly provisionedConcurrency: number | undefined })
    | undefined
  readonly environment: Readonly<Record<string, Expression>>
  readonly role: RoleResource
  /** What Lambda does with events of asynchronous invocations that fail; undefined: nothing invokes it so. */
  readonly asynchronous: AsynchronousInvocation | undefined
}

export interface RolePolicies {
  /** Of the role's own policy. */
  readonly statements: readonly Statement[]
  /** What would make the role's own policy too long: customer managed policies that are attached to the role. */
  readonly managedPolicies: readonly (Resource & { readonly statements: readonly Statement[] })[]
}

export interface RoleResource extends Resource, RolePolicies {}

interface AsynchronousInvocation extends Resource {
  readonly maximumRetryAttempts: number
  readonly maximumEventAgeS: number
  readonly onFailure: { readonly queueId: string } | { readonly bucketId: string }
}

export interface QueueResource extends Resource {
  /** Its messages: from a source, no longer retried by SQS, Lambda or EventBridge, dead letters, leases. */
  readonly holds: 'source' | 'source-dlq' | 'failure-destination' | 'dead-letters' | 'lease'
  /** Undefined: CloudFormation chooses it. */
  readonly queueName: string | undefined
  /** The topic whose contract names the queue, or the source of a source DLQ. */
  readonly topic: string | undefined
  readonly isFifo: boolean
  /** Of a FIFO queue: what SQS's limit of throughput and its deduplication count by; undefined: SQS's default. */
  readonly throughput: 'perQueue' | 'perMessageGroupId' | undefined
  readonly retentionS: number
  /** Undefined: SQS's default. */
  readonly visibilityS: number | undefined
  readonly redrive: { readonly dlqId: string; readonly maxReceiveCount: number } | undefined
  /** The name of the only queue whose DLQ it may be; `none`: of no queue; undefined: of any. */
  readonly dlqOf: string | 'none' | undefined
}

/** Its name is CloudFormation's; the versions of deleted objects are kept for `versionsDays`, the others for ever. */
export interface BucketResource extends Resource {
  readonly holds: 'failure-destination'
  readonly versionsDays: number
}

export interface MappingResource extends Resource {
  readonly function: FunctionKey
  /** The name of the queue. */
  readonly queue: string
  /** Of a queue of the deployment, or of one that is there already. */
  readonly queueArn: Expression
  readonly batchSize: number
  /** Undefined: a batch does not wait. */
  readonly windowS: number | undefined
  /** Undefined with pollers. */
  readonly maximumConcurrency: number | undefined
  readonly pollers: { readonly minimum: number; readonly maximum: number } | undefined
  /** Messages that match none are deleted; undefined: all reach the function. */
  readonly filterPatterns: readonly Json[] | undefined
}

export interface RuleResource extends Resource {
  readonly function: FunctionKey
  readonly topic: string
  readonly name: string
  readonly pattern: Json
  /** Undefined: the account's default bus. */
  readonly bus: string | undefined
  readonly dlqId: string
  readonly maximumEventAgeS: number
  readonly maximumRetryAttempts: number
}

export interface ScheduleResource extends Resource {
  readonly function: FunctionKey
  /** `rate(…)` or `cron(…)` */
  readonly expression: string
}

/** Who may invoke a function. */
export interface PermissionResource extends Resource {
  readonly function: FunctionKey
  readonly service: string
  readonly sourceArn: Expression
}

/** Who may send to a queue: a service for its sources, or IAM's principals themselves. */
export type QueueSender =
  | {
      readonly service: string
      /** May have `*`. */
      readonly sourceArns: readonly Expression[]
      /** Their ARNs have no account: it must be that of the stack. */
      readonly isOfAccount: boolean
    }
  | { readonly principalArns: readonly string[] }

/** The senders may send; nobody may do anything without TLS. */
export interface QueuePolicyResource extends Resource {
  readonly queueIds: readonly string[]
  readonly senders: readonly QueueSender[]
}

export interface Metric {
  readonly namespace: string
  readonly name: string
  readonly dimensions: Readonly<Record<string, Expression>>
}

/** In alarm while the sum of its metrics is above the threshold. A period without a value is not. */
export interface AlarmResource extends Resource {
  /** Undefined: it is of queues or rules. */
  readonly function: FunctionKey | undefined
  /** The heading in docs/operations.md that explains it. */
  readonly kind: string
  readonly description: string
  readonly metrics: readonly Metric[]
  readonly statistic: 'Sum' | 'Maximum' | 'p99'
  readonly threshold: number
  readonly periodS: number
  readonly periods: number
}

/** In alarm while any of these is. */
export interface CompositeAlarmResource extends Resource {
  readonly description: string
  /** Logical ids of alarms, or of other composite ones. */
  readonly anyOf: readonly string[]
}

/** How functions get a new version: a part of the traffic first. */
export interface GradualDeployment {
  /** The name of a deployment configuration of CodeDeploy. */
  readonly configuration: string
  readonly groups: readonly (Resource & {
    readonly function: FunctionKey
    /** The alarms that bring the old version back. */
    readonly alarmIds: readonly string[]
  })[]
}

export interface Deployment {
  /** Every name that the template chooses begins with it. */
  readonly prefix: string
  readonly region: string
  readonly options: DeployOptions
  /** The settings that all functions have. */
  readonly environment: Readonly<Record<string, Expression>>
  readonly functions: readonly FunctionResource[]
  readonly queues: readonly QueueResource[]
  /** Encrypted, not public, over TLS only. */
  readonly buckets: readonly BucketResource[]
  readonly queuePolicies: readonly QueuePolicyResource[]
  readonly mappings: readonly MappingResource[]
  readonly rules: readonly RuleResource[]
  readonly schedule: ScheduleResource | undefined
  readonly permissions: readonly PermissionResource[]
  readonly alarms: readonly AlarmResource[]
  readonly compositeAlarms: readonly CompositeAlarmResource[]
  /** Undefined: functions get new code at once. */
  readonly gradual: GradualDeployment | undefined
  /** Of the function `http`; empty: no contract takes HTTP, so there is no API (whose logical id is `HttpApi`). */
  readonly routes: readonly Route[]
  /** Origins whose pages may send; undefined: none. */
  readonly corsOrigins: readonly string[] | undefined
}
