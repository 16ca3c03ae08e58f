// The queues: those that feed functions, their source DLQs, and those for dead letters and failed events.
import { receivesInOutage } from '../../lib/lambda/return-delay.ts'
import type { Expression, QueueResource } from './deployment-model.ts'
import { visibilityS } from './environment.ts'
import { isOwnQueue, queueUrlOf } from './existing-queues.ts'
import { type FailureDestinations, failureBucketEntries } from './failure-destinations.ts'
import { isFifo, queueId, sourceDlqName } from './naming.ts'
import type { DeployOptions } from './options.ts'
import { valueFor } from './parameters/parameter.ts'

const DAY_S = 24 * 3600
/** SQS's longest retention. */
const MAX_RETENTION_S = 14 * DAY_S
/**
 * Longer than the longest outage that `maxReceiveCount` can cover: 1000 receives, each at most 6 minutes after the
 * last, are 4.2 days. In a standard DLQ the age of a message counts from its arrival in the first queue, so it has at
 * least 7 more days there.
 */
const SOURCE_RETENTION_S = 7 * DAY_S
/** Longer than a redrive can hold its lease, because SQS hides a message for at most 12 hours. */
const LEASE_RETENTION_S = DAY_S

/** Defaults of a queue that no contract names. */
const OWN: Omit<QueueResource, 'id' | 'holds'> = {
  queueName: undefined,
  topic: undefined,
  isFifo: false,
  throughput: undefined,
  retentionS: MAX_RETENTION_S,
  visibilityS: undefined,
  redrive: undefined,
  dlqOf: 'none',
}

interface Source {
  readonly queue: string
  /** The topic that it feeds. */
  readonly topic: string
}

export function queuesOf(
  prefix: string,
  sources: readonly Source[],
  { queueIds }: FailureDestinations,
  options: DeployOptions,
): QueueResource[] {
  return [
    ...sources.filter(({ queue }) => isOwnQueue(queue, options)).flatMap(source => withDlq(prefix, source, options)),
    { ...OWN, id: 'DeadLettersQueue', holds: 'dead-letters' },
    ...queueIds.map((id): QueueResource => ({ ...OWN, id, holds: 'failure-destination' })),
    // The queue in which a message in flight is the lease of the redrive that received it
    // (lib/dead-letter/sqs/lease.ts).
    {
      ...OWN,
      id: 'RedriveLeaseQueue',
      holds: 'lease',
      queueName: `${prefix}-redrive-lease.fifo`,
      isFifo: true,
      retentionS: LEASE_RETENTION_S,
    },
  ]
}

function withDlq(prefix: string, { queue: name, topic }: Source, options: DeployOptions): QueueResource[] {
  const id = queueId(name)
  const dlqId = dlqIdOf(name)
  return [
    {
      id,
      holds: 'source',
      // The queue has the name that the contract claims.
      queueName: name,
      topic,
      isFifo: isFifo(name),
      throughput: isFifo(name) ? valueFor(options.fifoThroughput, name) : undefined,
      retentionS: SOURCE_RETENTION_S,
      visibilityS: visibilityS(options),
      redrive: { dlqId, maxReceiveCount: receivesInOutage(options.outageS, visibilityS(options)) },
      dlqOf: undefined,
    },
    {
      ...OWN,
      id: dlqId,
      holds: 'source-dlq',
      queueName: sourceDlqName(prefix, name),
      topic,
      isFifo: isFifo(name),
      dlqOf: name,
    },
  ]
}

function dlqIdOf(queue: string): string {
  return `${queueId(queue)}Failures`
}

/** Logical ids of the source DLQs and failure destinations. */
export function failureQueueIds(sources: readonly string[], { queueIds }: FailureDestinations): string[] {
  return [...queueIds, ...sources.map(dlqIdOf)]
}

/**
 * Returns what redrive reads in addition to dead-letter targets, with the role of each place: KAFKA_REDRIVE_FROM. One
 * entry stands for all source DLQs, because the environment of a function is limited to 4 KB.
 * @param functionName the function whose events may be in a failure bucket
 */
export function redriveFrom(
  prefix: string,
  sources: readonly string[],
  destinations: FailureDestinations,
  functionName: string,
  options: DeployOptions,
): { readonly KAFKA_REDRIVE_FROM?: Expression } {
  const account = `https://sqs.\${AWS::Region}.\${AWS::URLSuffix}/\${AWS::AccountId}`
  const ownQueues = sources.filter(queue => isOwnQueue(queue, options))
  // `{queue}` stands for the queues of all contracts.
  const patterns = ownQueues.length === sources.length && ownQueues.length > 0 ? ['{queue}'] : ownQueues
  const entries: (readonly Expression[])[] = [
    ...patterns.map((queue): Expression[] => [{ 'Fn::Sub': `source-dlq:${account}/${sourceDlqName(prefix, queue)}` }]),
    ...options.existingDlqs.map((arn): Expression[] => ['source-dlq:', queueUrlOf(arn)]),
    ...destinations.queueIds.map((id): Expression[] => ['failure-destination:', { Ref: id }]),
    ...failureBucketEntries(destinations, functionName),
  ]
  if (entries.length === 0) return {}
  return {
    KAFKA_REDRIVE_FROM: { 'Fn::Join': ['', entries.flatMap((parts, at) => (at === 0 ? parts : [',', ...parts]))] },
  }
}
