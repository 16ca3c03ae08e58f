// The queues of the contracts, each with its source DLQ, the queue of dead letters, the failure destination of events
// and the lease of redrives.
import type { Contracts } from '../lib/contracts/contract.ts'
import type { LocalQueue } from './sqs/elasticmq.ts'

const DEAD_LETTERS = 'dead-letters'
export const EVENT_FAILURES = 'eventbridge-failures'
const REDRIVE_LEASE = 'redrive-lease.fifo'
/** Seconds that an outage may last before a message goes to its source DLQ. */
const OUTAGE_S = 3600

export function queueNames(contracts: Contracts): string[] {
  return [...contracts.values()].flatMap(({ sqs }) => sqs.map(({ queue }) => queue))
}

/** @param visibilityS longer than the functions' timeout, so that a batch in flight is not delivered twice */
export function localQueues(contracts: Contracts, visibilityS: number): LocalQueue[] {
  const sources = queueNames(contracts).flatMap((name): LocalQueue[] => {
    const sourceDlq = sourceDlqOf(name)
    return [
      { name: sourceDlq, visibilityS },
      { name, visibilityS, redrive: { to: sourceDlq, maxReceiveCount: Math.ceil(OUTAGE_S / visibilityS) } },
    ]
  })
  return [...sources, { name: DEAD_LETTERS, visibilityS }, { name: EVENT_FAILURES, visibilityS }]
}

/** Its message in flight is the lease of a redrive (lib/dead-letter/sqs/lease.ts). */
export function leaseQueue(visibilityS: number): LocalQueue {
  return { name: REDRIVE_LEASE, visibilityS }
}

/** What a redrive reads besides the dead-letter targets, with the role of each queue, as in the template. */
export function redriveSettings(
  contracts: Contracts,
  { queueUrl }: { queueUrl(name: string): string },
): { readonly KAFKA_REDRIVE_FROM: string; readonly KAFKA_REDRIVE_LEASE_QUEUE: string } {
  const sourceDlqs = queueNames(contracts).map(name => `source-dlq:${queueUrl(sourceDlqOf(name))}?source=${name}`)
  return {
    KAFKA_REDRIVE_FROM: [...sourceDlqs, `failure-destination:${queueUrl(EVENT_FAILURES)}`].join(),
    KAFKA_REDRIVE_LEASE_QUEUE: queueUrl(REDRIVE_LEASE),
  }
}

function sourceDlqOf(queue: string): string {
  return queue.endsWith('.fifo') ? queue.replace(/\.fifo$/, '-dlq.fifo') : `${queue}-dlq`
}
