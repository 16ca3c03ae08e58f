// The queues of the contracts, each with its source DLQ, the queue of dead letters and the failure destination of
// events.
import type { Contracts } from '../lib/contracts/contract.ts'
import type { LocalQueue } from './sqs/elasticmq.ts'

const DEAD_LETTERS = 'dead-letters'
export const EVENT_FAILURES = 'eventbridge-failures'
/** Seconds that an outage may last before a message goes to its source DLQ. */
const OUTAGE_S = 3600

export function queueNames(contracts: Contracts): string[] {
  return [...contracts.values()].flatMap(({ sqs }) => sqs.map(({ queue }) => queue))
}

/** @param visibilityS longer than the functions' timeout, so that a batch in flight is not delivered twice */
export function localQueues(contracts: Contracts, visibilityS: number): LocalQueue[] {
  const sources = queueNames(contracts).flatMap((name): LocalQueue[] => {
    const sourceDlq = name.endsWith('.fifo') ? name.replace(/\.fifo$/, '-dlq.fifo') : `${name}-dlq`
    return [
      { name: sourceDlq, visibilityS },
      { name, visibilityS, redrive: { to: sourceDlq, maxReceiveCount: Math.ceil(OUTAGE_S / visibilityS) } },
    ]
  })
  return [...sources, { name: DEAD_LETTERS, visibilityS }, { name: EVENT_FAILURES, visibilityS }]
}
