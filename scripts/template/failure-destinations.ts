// Where events go that a function failed to handle, or that a rule could not deliver.
import { allow, arnOf, type Statement } from './cloudformation.ts'
import type { BucketResource, Expression } from './deployment-model.ts'
import type { DeployOptions } from './options.ts'

const BUCKET = 'EventFailuresBucket'
/** As long as SQS keeps a message at most: a record that was redriven by mistake can be had again until then. */
const VERSIONS_DAYS = 14

export interface FailureDestinations {
  /** Logical ids of the queues. */
  readonly queueIds: readonly string[]
  readonly buckets: readonly BucketResource[]
}

/** @param hasRules without rules nothing fails so */
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

/** The destination of a function's failed asynchronous invocations, and what its role needs for it. */
export function onFailureOf({ eventFailures }: Pick<DeployOptions, 'eventFailures'>): {
  readonly onFailure: { readonly queueId: string } | { readonly bucketId: string }
  readonly statements: readonly Statement[]
} {
  if (eventFailures === 'sqs')
    return {
      onFailure: { queueId: 'EventFailuresQueue' },
      statements: [allow(['sqs:SendMessage'], arnOf('EventFailuresQueue'))],
    }
  // Lambda asks for both rights, on the whole bucket. Somebody else may own a bucket of this name once it is deleted.
  // docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
  const Condition = { StringEquals: { 's3:ResourceAccount': { Ref: 'AWS::AccountId' } } }
  return {
    onFailure: { bucketId: BUCKET },
    statements: [
      { ...allow(['s3:PutObject'], objectsOf('*')), Condition },
      { ...allow(['s3:ListBucket'], arnOf(BUCKET)), Condition },
      // Redrive keeps its own objects there. Lambda may compare the right above with its documents: it stays whole.
      { ...allow(['s3:PutObject'], objectsOf('redrive/*')), Effect: 'Deny' },
    ],
  }
}

/** What redrive reads of the buckets, in the form of KAFKA_REDRIVE_FROM. @param functionName whose records they hold */
export function failureBucketEntries(
  { buckets }: FailureDestinations,
  functionName: string,
): readonly (readonly Expression[])[] {
  const lambda = `arn:\${AWS::Partition}:lambda:\${AWS::Region}:\${AWS::AccountId}:function:${functionName}`
  return buckets.map(({ id }) => ['failure-bucket:', { Ref: id }, { 'Fn::Sub': `?function=${lambda}` }])
}

/** What redrive needs on the buckets: records are deleted, and only its own objects are written. */
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
