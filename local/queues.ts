// The queues of the contracts, each with a dead-letter queue, and those that the functions' failures go to.
import type { Contracts } from '../lib/contracts/contract.ts'
import type { LocalQueue } from './sqs/elasticmq.ts'

const LETTERS = 'dead-letters'
export const EVENT_FAILURES = 'eventbridge-failures'
/** How long an outage may last before a message goes to its queue's dead letters. */
const OUTAGE_S = 3600

export function queueNames(contracts: Contracts): string[] {
  return [...contracts.values()].flatMap(({ sqs }) => sqs.map(({ queue }) => queue))
}

/** @param visibilityS longer than the functions' time-out, so that a batch in flight is not delivered twice */
export function localQueues(contracts: Contracts, visibilityS: number): LocalQueue[] {
  const own = queueNames(contracts).flatMap((name): LocalQueue[] => {
    const deadLetters = name.endsWith('.fifo') ? name.replace(/\.fifo$/, '-dlq.fifo') : `${name}-dlq`
    return [
      { name: deadLetters, visibilityS },
      { name, visibilityS, redrive: { to: deadLetters, maxReceiveCount: Math.ceil(OUTAGE_S / visibilityS) } },
    ]
  })
  return [...own, { name: LETTERS, visibilityS }, { name: EVENT_FAILURES, visibilityS }]
}
