// The model of a deployment: the functions, their triggers, and what they need. The templates for osls, CDK, SAM and
// Terraform are all created from it, so that they can't differ. It contains `redrive` and the functions that a
// contract's trigger feeds.
import type { Route } from '../../functions/http/dialects/dialect.ts'
import type { Json, Statement } from './cloudformation.ts'
import type { DeployOptions } from './options.ts'

/** Text, or one of CloudFormation's `Ref`, `Fn::GetAtt` (`Arn`, `QueueName`), `Fn::Sub` and `Fn::Join`. */
export type Expression = string | Json

export type FunctionKey = 'http' | 'sqs' | 'sqs-fifo' | 'eventbridge' | 'redrive'

/** Every resource has a logical id, which is unique in the deployment. */
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
  /** Undefined: no concurrency is reserved. */
  readonly reservedConcurrency: number | undefined
  /** The alias that the triggers invoke; undefined: they invoke the function's latest code. */
  readonly alias:
    | (Resource & { readonly name: string; readonly provisionedConcurrency: number | undefined })
    | undefined
  readonly environment: Readonly<Record<string, Expression>>
  readonly role: RoleResource
  /** What Lambda does with failed asynchronous invocations; undefined: the function is never invoked asynchronously. */
  readonly asynchronous: AsynchronousInvocation | undefined
}

export interface RolePolicies {
  /** The statements of the role's inline policy. */
  readonly statements: readonly Statement[]
  /** Customer managed policies for statements that would make the inline policy too long. */
  readonly managedPolicies: readonly (Resource & { readonly statements: readonly Statement[] })[]
}

export interface RoleResource extends Resource, RolePolicies {}

interface AsynchronousInvocation extends Resource {
  readonly maximumRetryAttempts: number
  readonly maximumEventAgeS: number
  readonly onFailure: { readonly queueId: string } | { readonly bucketId: string }
}

export interface QueueResource extends Resource {
  /**
   * What the queue's messages are: messages of a source, messages or events that SQS, Lambda or EventBridge stopped
   * retrying, dead letters, or leases.
   */
  readonly holds: 'source' | 'source-dlq' | 'failure-destination' | 'dead-letters' | 'lease'
  /** Undefined: CloudFormation chooses the name. */
  readonly queueName: string | undefined
  /** The topic whose contract names the queue, or the source queue of a source DLQ. */
  readonly topic: string | undefined
  readonly isFifo: boolean
  /** For a FIFO queue, the scope of SQS's throughput limit and deduplication; undefined: SQS's default. */
  readonly throughput: 'perQueue' | 'perMessageGroupId' | undefined
  readonly retentionS: number
  /** Undefined: SQS's default. */
  readonly visibilityS: number | undefined
  readonly redrive: { readonly dlqId: string; readonly maxReceiveCount: number } | undefined
  /** The name of the only queue whose DLQ it may be; `none`: of no queue; undefined: of any queue. */
  readonly dlqOf: string | 'none' | undefined
}

/**
 * A bucket. CloudFormation chooses its name. Deleted objects are kept as versions for `versionsDays`, other objects
 * forever.
 */
export interface BucketResource extends Resource {
  readonly holds: 'failure-destination'
  readonly versionsDays: number
}

export interface MappingResource extends Resource {
  readonly function: FunctionKey
  /** The name of the queue. */
  readonly queue: string
  /** The ARN of a queue of the deployment, or of an existing one. */
  readonly queueArn: Expression
  readonly batchSize: number
  /** Undefined: Lambda does not wait to fill a batch. */
  readonly windowS: number | undefined
  /** Undefined if the mapping has pollers. */
  readonly maximumConcurrency: number | undefined
  readonly pollers: { readonly minimum: number; readonly maximum: number } | undefined
  /** Messages that match no pattern are deleted; undefined: all messages reach the function. */
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
  /** Has the form `rate(…)` or `cron(…)`. */
  readonly expression: string
}

/** A permission to invoke a function. */
export interface PermissionResource extends Resource {
  readonly function: FunctionKey
  readonly service: string
  readonly sourceArn: Expression
}

/** Who may send to a queue: a service for some of its sources, or IAM principals themselves. */
export type QueueSender =
  | {
      readonly service: string
      /** May contain `*`. */
      readonly sourceArns: readonly Expression[]
      /** Whether the ARNs contain no account, so that the policy must require the stack's account. */
      readonly isOfAccount: boolean
    }
  | { readonly principalArns: readonly string[] }

/** The policy of queues: the senders may send, and nobody may do anything without TLS. */
export interface QueuePolicyResource extends Resource {
  readonly queueIds: readonly string[]
  readonly senders: readonly QueueSender[]
}

export interface Metric {
  readonly namespace: string
  readonly name: string
  readonly dimensions: Readonly<Record<string, Expression>>
}

/** An alarm on the sum of its metrics above a threshold. A period without a value does not alarm. */
export interface AlarmResource extends Resource {
  /** Undefined for alarms on queues or rules. */
  readonly function: FunctionKey | undefined
  /** The heading in docs/operations.md that explains the alarm. */
  readonly kind: string
  readonly description: string
  readonly metrics: readonly Metric[]
  readonly statistic: 'Sum' | 'Maximum' | 'p99'
  readonly threshold: number
  readonly periodS: number
  readonly periods: number
}

/** An alarm that is on while any of its alarms is on. */
export interface CompositeAlarmResource extends Resource {
  readonly description: string
  /** The logical ids of alarms, or of other composite alarms. */
  readonly anyOf: readonly string[]
}

/** How functions get a new version: first for a part of the traffic. */
export interface GradualDeployment {
  /** The name of a CodeDeploy deployment configuration. */
  readonly configuration: string
  readonly groups: readonly (Resource & {
    readonly function: FunctionKey
    /** The alarms that cause a rollback to the old version. */
    readonly alarmIds: readonly string[]
  })[]
}

export interface Deployment {
  /** All names that the template chooses begin with this prefix. */
  readonly prefix: string
  readonly region: string
  readonly options: DeployOptions
  /** The settings of all functions. */
  readonly environment: Readonly<Record<string, Expression>>
  readonly functions: readonly FunctionResource[]
  readonly queues: readonly QueueResource[]
  /** Buckets that are encrypted, not public, and reachable only with TLS. */
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
  /**
   * The routes of the function `http`. Empty: no contract accepts HTTP, so there is no API (whose logical id is
   * `HttpApi`).
   */
  readonly routes: readonly Route[]
  /** Origins whose pages may send; undefined: none. */
  readonly corsOrigins: readonly string[] | undefined
}
