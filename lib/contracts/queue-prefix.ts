// Adds a stage's prefix to the queue names of contracts, so that several stages can share an account.
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
