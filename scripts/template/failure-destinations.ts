// Where events go that a function failed to handle, or that a rule could not deliver.
import { allow, arnOf, type Statement } from './cloudformation.ts'
import type { BucketResource, Expression } from './deployment-model.ts'
import type { DeployOptions } from './options.ts'

const BUCKET = 'EventFailuresBucket'
/**
 * How long the bucket keeps old versions of an object, days: as long as SQS keeps a message at most. Until then, a
 * record that was redriven by mistake can be recovered.
 */
const VERSIONS_DAYS = 14

export interface FailureDestinations {
  /** Logical ids of the queues. */
  readonly queueIds: readonly string[]
  readonly buckets: readonly BucketResource[]
}

/**
 * Creates the failure destinations.
 * @param hasRules without rules no events arrive, so none can fail
 */
export function failureDestinationsOf(
  hasRules: boolean,
  { eventFailures }: Pick<DeployOptions, 'eventFailures'>,
): FailureDestinations {
  if (!hasRules) return { queueIds: [], buckets: [] }
  if (eventFailures === 'sqs') return { queueIds: ['EventFailuresQueue', 'EventRuleFailuresQueue'], buckets: [] }
  return {
    queueIds: ['EventRuleFailuresQueue'],
    buckets: [{ id: BUCKET, holds: 'failure-destination', versionsDays: VERSIONS_DAYS }],
  }
}

/**
 * Returns the destination of a function's failed asynchronous invocations, and the permissions that its role needs for
 * it.
 */
export function onFailureOf({ eventFailures }: Pick<DeployOptions, 'eventFailures'>): {
  readonly onFailure: { readonly queueId: string } | { readonly bucketId: string }
  readonly statements: readonly Statement[]
} {
  if (eventFailures === 'sqs')
    return {
      onFailure: { queueId: 'EventFailuresQueue' },
      statements: [allow(['sqs:SendMessage'], arnOf('EventFailuresQueue'))],
    }
  // Lambda requires both permissions on the whole bucket. The condition is needed because somebody else may own a
  // bucket of this name once it is deleted.
  // docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
  const Condition = { StringEquals: { 's3:ResourceAccount': { Ref: 'AWS::AccountId' } } }
  return {
    onFailure: { bucketId: BUCKET },
    statements: [
      { ...allow(['s3:PutObject'], objectsOf('*')), Condition },
      { ...allow(['s3:ListBucket'], arnOf(BUCKET)), Condition },
      // Only redrive may write its own objects. The permission above stays as Lambda's documentation has it, in case
      // Lambda checks for it, so this prefix is denied separately.
      { ...allow(['s3:PutObject'], objectsOf('redrive/*')), Effect: 'Deny' },
    ],
  }
}

/**
 * Returns what redrive reads in the buckets, in the form of KAFKA_REDRIVE_FROM.
 * @param functionName the function whose records the buckets contain
 */
export function failureBucketEntries(
  { buckets }: FailureDestinations,
  functionName: string,
): readonly (readonly Expression[])[] {
  const lambda = `arn:\${AWS::Partition}:lambda:\${AWS::Region}:\${AWS::AccountId}:function:${functionName}`
  return buckets.map(({ id }) => ['failure-bucket:', { Ref: id }, { 'Fn::Sub': `?function=${lambda}` }])
}

/** Permissions that redrive needs on the buckets: it deletes records, and writes only its own objects. */
export function readBucketStatements({ buckets }: FailureDestinations, functionName: string): Statement[] {
  return buckets.flatMap(({ id }) => [
    allow(['s3:ListBucket'], arnOf(id)),
    allow(
      ['s3:GetObject', 's3:DeleteObject'],
      [objectsOf(`aws/lambda/async/${functionName}/*`), objectsOf(`redrive/${functionName}/*`)],
    ),
    allow(['s3:PutObject'], objectsOf(`redrive/${functionName}/*`)),
  ])
}

function objectsOf(keys: string): Expression {
  return { 'Fn::Sub': `\${${BUCKET}.Arn}/${keys}` }
}
