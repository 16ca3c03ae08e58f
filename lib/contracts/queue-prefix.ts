// Stages of one account: the queues that contracts claim, with the stage's prefix before their names.
import type { Contracts } from './contract.ts'

export function withQueuePrefix(contracts: Contracts, prefix: string): Contracts {
  if (prefix === '') return contracts
  return new Map(
    [...contracts].map(([topic, contract]) => [
      topic,
      { ...contract, sqs: contract.sqs.map(feed => ({ ...feed, queue: `${prefix}${feed.queue}` })) },
    ]),
  )
}
