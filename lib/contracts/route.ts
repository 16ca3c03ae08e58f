// Finds the contract that claims an event. An event that no contract claims has no topic.
import type { Contract, Contracts, EventBridgeFeed, SqsFeed } from './contract.ts'
import { type EventPattern, matchesPattern, mayBothMatch } from './event-pattern.ts'

export interface Route<Feed> {
  readonly contract: Contract
  /** Undefined for an event of the default topic. */
  readonly feed: Feed | undefined
}

/** @param queue the queue's name, the last part of its ARN */
export function routeOfQueue(contracts: Contracts, queue: string, defaultTopic?: string): Route<SqsFeed> | undefined {
  return route(contracts, contract => contract.sqs.find(feed => feed.queue === queue), defaultTopic)
}

/**
 * Returns every route that claims the event. More than one is possible if an event's field is a list that satisfies the
 * conditions of several contracts.
 */
export function routesOfEvent(contracts: Contracts, event: unknown, defaultTopic?: string): Route<EventBridgeFeed>[] {
  const claims = [...contracts.values()].flatMap(contract => {
    const feed = contract.eventbridge.find(({ pattern }) => matchesPattern(pattern, event))
    return feed ? [{ contract, feed }] : []
  })
  if (claims.length > 0) return claims
  const unclaimed = route<EventBridgeFeed>(contracts, () => undefined, defaultTopic)
  return unclaimed ? [unclaimed] : []
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

/** Returns a message for each pair of feeds that claim the same queue or event, in one contract or two. */
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
    if (mayBothMatch(a.pattern, b.pattern))
      problems.push(
        `contracts/${a.topic}.json and contracts/${b.topic}.json: both claim events of ${sourcesOf(a.pattern)}; ` +
          'expected one, or conditions that exclude each other',
      )
  })
  return problems
}

function sourcesOf({ source }: EventPattern): string {
  return Array.isArray(source)
    ? source.map(one => (typeof one === 'string' ? one : JSON.stringify(one))).join(', ')
    : 'any source'
}

function pairs<T>(list: readonly T[], visit: (a: T, b: T) => void): void {
  list.forEach((a, index) => {
    for (const b of list.slice(index + 1)) visit(a, b)
  })
}
