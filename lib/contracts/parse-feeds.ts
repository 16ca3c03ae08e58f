// Parses `from` of contracts/<topic>.json: which queues and which EventBridge events feed the topic.
import { isJsonObject, type JsonObject } from '../record/json-object.ts'
import type { EventBridgeFeed, SqsFeed, Wrapping } from './contract.ts'
import type { EventPattern } from './event-pattern.ts'
import { FIFO_KEY_SOURCES, isKeySources, KEY_SOURCES_EXPECTED } from './key-sources.ts'

/** SQS's rule for names. */
const QUEUE = /^[A-Za-z0-9_-]{1,75}(\.fifo)?$|^[A-Za-z0-9_-]{76,80}$/
/** The combinations in which AWS services wrap messages. */
const WRAPPINGS: readonly (readonly Wrapping[])[] = [
  ['sns'],
  ['eventbridge'],
  ['s3'],
  ['sns', 's3'],
  ['sns', 'eventbridge'],
]
const EVENT_FIELDS = ['source', 'detail-type', 'pattern', 'bus', 'value', 'key']
/** EventBridge's rule for names. Names of partner event buses contain slashes. */
const BUS = /^[\w./-]{1,256}$/
const VALUES = ['detail', 'event'] as const

type Problem = (text: string) => void

export function parseSqsFeeds(feeds: unknown, problem: Problem): SqsFeed[] {
  return entries('from.sqs', feeds, ['queue', 'unwrap', 'value', 'key'], problem).map(([at, feed]) => {
    const queue = typeof feed.queue === 'string' ? feed.queue : ''
    if (!QUEUE.test(queue)) problem(`${at}.queue: expected the name of a queue`)
    const unwrap = wrappings(`${at}.unwrap`, feed.unwrap, problem)
    if (feed.value !== undefined && !unwrap.includes('eventbridge'))
      problem(`${at}.value: expected only with unwrap eventbridge`)
    if (unwrap.includes('s3') && queue.endsWith('.fifo'))
      problem(`${at}.unwrap: expected another for a FIFO queue; S3 notifies standard queues only`)
    const key = keySources(`${at}.key`, feed.key, problem) ?? (queue.endsWith('.fifo') ? FIFO_KEY_SOURCES : undefined)
    return { queue, unwrap, value: oneOf(`${at}.value`, feed.value, VALUES, problem), key }
  })
}

/** @returns what is wrong with an event pattern */
export type PatternCheck = (at: string, pattern: unknown) => string | undefined

export function parseEventBridgeFeeds(
  feeds: unknown,
  problem: Problem,
  checkPattern: PatternCheck = () => undefined,
): EventBridgeFeed[] {
  return entries('from.eventbridge', feeds, EVENT_FIELDS, problem).map(([at, feed]) => {
    if (feed.bus !== undefined && !(typeof feed.bus === 'string' && BUS.test(feed.bus)))
      problem(`${at}.bus: expected the name of an event bus`)
    return {
      pattern: eventPattern(at, feed, problem, checkPattern),
      bus: feed.bus as string | undefined,
      value: oneOf(`${at}.value`, feed.value, VALUES, problem),
      key: keySources(`${at}.key`, feed.key, problem),
    }
  })
}

/** `source` and `detail-type` are the short form of a pattern. */
function eventPattern(at: string, feed: JsonObject, problem: Problem, checkPattern: PatternCheck): EventPattern {
  const { source, 'detail-type': detailType, pattern } = feed
  if (pattern !== undefined) {
    if (source !== undefined || detailType !== undefined)
      problem(`${at}.pattern: expected in the place of source and detail-type, got both`)
    const wrong = checkPattern(`${at}.pattern`, pattern)
    if (wrong !== undefined) problem(wrong)
    return pattern as EventPattern
  }
  if (!isTexts(source) || source.length === 0)
    problem(`${at}.source: expected a list of sources${source === undefined ? ', or pattern' : ''}`)
  if (detailType !== undefined && (!isTexts(detailType) || detailType.length === 0))
    problem(`${at}.detail-type: expected a list of detail types`)
  return { source, ...(detailType === undefined ? {} : { 'detail-type': detailType }) }
}

function entries(name: string, feeds: unknown, fields: readonly string[], problem: Problem): [string, JsonObject][] {
  if (feeds === undefined) return []
  if (!Array.isArray(feeds)) problem(`${name}: expected a list`)
  return (Array.isArray(feeds) ? feeds : []).map((entry: unknown, index) => {
    const at = `${name}[${index}]`
    if (!isJsonObject(entry)) problem(`${at}: expected an object`)
    const object = isJsonObject(entry) ? entry : {}
    for (const field of Object.keys(object))
      if (!fields.includes(field)) problem(`${at}.${field}: unknown field; expected ${fields.join(', ')}`)
    return [at, object]
  })
}

/** A single envelope needs no list. */
function wrappings(at: string, value: unknown, problem: Problem): readonly Wrapping[] {
  if (value === undefined || value === 'none') return []
  const names = JSON.stringify(typeof value === 'string' ? [value] : value)
  const list = WRAPPINGS.find(each => JSON.stringify(each) === names)
  if (!list)
    problem(`${at}: expected none | sns | eventbridge | s3, or from outside in ["sns", "s3"] or ["sns", "eventbridge"]`)
  return list ?? []
}

function oneOf<T extends string>(at: string, value: unknown, choices: readonly [T, ...T[]], problem: Problem): T {
  const choice = (value === undefined ? choices[0] : value) as T
  if (!choices.includes(choice)) problem(`${at}: expected ${choices.join(' | ')}`)
  return choice
}

/** A single source needs no list. */
function keySources(at: string, value: unknown, problem: Problem): readonly string[] | undefined {
  if (value === undefined) return undefined
  const sources = typeof value === 'string' ? [value] : value
  if (isKeySources(sources)) return sources
  problem(`${at}: expected ${KEY_SOURCES_EXPECTED}`)
  return undefined
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string' && item !== '')
}
