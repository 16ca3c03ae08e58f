// Finds the contract of an event. Contracts are the only list: an event that none of them claims has no topic.
import type { Contract, Contracts, EventBridgeFeed, SqsFeed } from './contract.ts'

export interface Route<Feed> {
  readonly contract: Contract
  /** Undefined for an event of the default topic. */
  readonly feed: Feed | undefined
}

/** @param queue its name, the last part of its ARN */
export function routeOfQueue(contracts: Contracts, queue: string, defaultTopic?: string): Route<SqsFeed> | undefined {
  return route(contracts, contract => contract.sqs.find(feed => feed.queue === queue), defaultTopic)
}

export function routeOfEvent(
  contracts: Contracts,
  source: unknown,
  detailType: unknown,
  defaultTopic?: string,
): Route<EventBridgeFeed> | undefined {
  return route(
    contracts,
    contract =>
      contract.eventbridge.find(
        feed => feed.source.includes(source as string) && (feed.detailType?.includes(detailType as string) ?? true),
      ),
    defaultTopic,
  )
}

function route<Feed>(
  contracts: Contracts,
  feedOf: (contract: Contract) => Feed | undefined,
  defaultTopic: string | undefined,
): Route<Feed> | undefined {
  for (const contract of contracts.values()) {
    const feed = feedOf(contract)
    if (feed) return { contract, feed }
  }
  const contract = defaultTopic === undefined ? undefined : contracts.get(defaultTopic)
  return contract && { contract, feed: undefined }
}

/** Two contracts, or two feeds of one, that claim the same queue or event: one line each. */
export function claimsTwice(contracts: Contracts): string[] {
  const problems: string[] = []
  const all = [...contracts.values()]
  const queues = all.flatMap(({ topic, sqs }) => sqs.map(({ queue }) => ({ topic, queue })))
  const events = all.flatMap(({ topic, eventbridge }) => eventbridge.map(feed => ({ topic, ...feed })))
  pairs(queues, (a, b) => {
    if (a.queue === b.queue)
      problems.push(
        `contracts/${a.topic}.json and contracts/${b.topic}.json: both claim the queue ${a.queue}; expected one`,
      )
  })
  pairs(events, (a, b) => {
    const source = a.source.find(name => b.source.includes(name))
    const detailTypesMeet = !a.detailType || !b.detailType || a.detailType.some(name => b.detailType?.includes(name))
    if (source !== undefined && detailTypesMeet)
      problems.push(
        `contracts/${a.topic}.json and contracts/${b.topic}.json: both claim events of ${source}; expected one`,
      )
  })
  return problems
}

function pairs<T>(list: readonly T[], visit: (a: T, b: T) => void): void {
  list.forEach((a, index) => {
    for (const b of list.slice(index + 1)) visit(a, b)
  })
}
