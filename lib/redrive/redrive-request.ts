// Parses the request of a redrive: the event of the function, the form of the console or the options of the command.
import { shown } from '../config/shown.ts'
import { ConfigError } from '../errors.ts'
import { isJsonObject } from '../record/json-object.ts'
import { allowedSource, parseRedriveSources, type RedriveSource } from './redrive-sources.ts'
import type { DeadLetterFilter } from './select-dead-letters.ts'

export interface RedriveRequest extends DeadLetterFilter {
  /** Undefined for the configured targets and queues. */
  readonly from?: readonly RedriveSource[]
  readonly limit?: number
  readonly rate?: number
  readonly concurrency?: number
  readonly maxAttempts?: number
  readonly to?: string
  readonly dryRun: boolean
  /** Whether the logs and the settings of the topics are checked first. */
  readonly verify: boolean
  /** Also send invalid records, validated by the current contracts. */
  readonly includeInvalid: boolean
  readonly anyTopic: boolean
  readonly overwrite: boolean
  readonly assumeRetained: boolean
  readonly otherCluster: boolean
  readonly timestamp: 'original' | 'now'
  readonly sourceQueue?: string
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/

type Fields = Record<string, unknown>
type Problem = (text: string) => void

/** The value in conditions that selects records without a topic. */
const NO_TOPIC = 'none'

/** Conditions that accept one value or a list. */
const LISTS = {
  deadLetterId: 'deadLetterIds',
  topic: 'topics',
  notTopic: 'notTopics',
  error: 'errors',
  notError: 'notErrors',
  outcome: 'outcomes',
  notOutcome: 'notOutcomes',
} as const
const TIMES = ['since', 'until'] as const
/** The earliest and the latest time of a Date. */
const MAX_DATE_MS = 8.64e15
const NUMBERS = ['limit', 'rate', 'concurrency', 'maxAttempts'] as const
const TEXTS = ['to', 'sourceQueue'] as const
const FLAGS = ['dryRun', 'includeInvalid', 'anyTopic', 'overwrite', 'assumeRetained', 'otherCluster'] as const
const CONDITIONS = ['invalid', 'parked'] as const
/** The fields that choose dead letters. */
export const FILTER_FIELDS: readonly string[] = [...Object.keys(LISTS), ...TIMES, ...CONDITIONS]
const FIELDS: readonly string[] = ['from', ...FILTER_FIELDS, ...NUMBERS, ...TEXTS, ...FLAGS, 'verify', 'timestamp']
/** The event of an EventBridge rule with a schedule and no input of its own; `detail` is empty. */
const SCHEDULE_FIELDS: readonly string[] = [
  'version',
  'id',
  'detail-type',
  'source',
  'account',
  'time',
  'region',
  'resources',
  'detail',
]

/**
 * Parses a request: an object with the fields of `RedriveRequest`, but singular names for conditions that accept one
 * value or a list (`topic`, `notTopic`, `error` …), and text for `from` and times.
 * @param allowed the sources that `from` may name; undefined allows any, for callers who have access to them anyway
 * @throws ConfigError with every problem at once
 */
export function parseRedriveRequest(event: unknown, allowed?: readonly RedriveSource[]): RedriveRequest {
  const problems: string[] = []
  const problem: Problem = text => problems.push(text)
  const fields = readFields(event, problem)
  const request: Record<string, unknown> = {
    ...optional('from', readFrom(fields.from, allowed, problem)),
    verify: flag('verify', fields, true, problem),
    timestamp: readTimestamp(fields.timestamp, problem),
  }
  const set = (name: string, value: unknown) => {
    if (value !== undefined) request[name] = value
  }
  for (const [name, option] of Object.entries(LISTS)) set(option, list(name, fields, problem))
  for (const name of TIMES) set(name, time(name, fields, problem))
  for (const name of NUMBERS) set(name, count(name, fields, problem))
  for (const name of TEXTS) set(name, text(name, fields, problem))
  for (const name of FLAGS) set(name, flag(name, fields, false, problem))
  for (const name of CONDITIONS) if (fields[name] !== undefined) set(name, flag(name, fields, false, problem))
  checkOutcomes(request, problem)
  if (problems.length > 0) throw new ConfigError(problems)
  return request as unknown as RedriveRequest
}

/** Only an object may start a run, because anything else could be a malformed request, for example for a dry run. */
function readFields(event: unknown, problem: Problem): Fields {
  if (event === undefined) return {}
  if (!isJsonObject(event)) {
    problem(`Expected an object with the fields of a request, got ${formOf(event)}.`)
    return {}
  }
  const isSchedule = event['detail-type'] === 'Scheduled Event'
  const expected = isSchedule ? SCHEDULE_FIELDS : FIELDS
  for (const name of Object.keys(event))
    if (!expected.includes(name)) problem(`${name}: unknown; expected ${expected.join(', ')}.`)
  if (isSchedule && isJsonObject(event.detail) && Object.keys(event.detail).length > 0)
    problem('detail: expected no fields; give a request as the input of the schedule.')
  return isSchedule ? {} : event
}

function formOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

function optional<K extends string, V>(name: K, value: V | undefined): { readonly [_ in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [_ in K]?: V })
}

function readFrom(
  from: unknown,
  allowed: readonly RedriveSource[] | undefined,
  problem: Problem,
): readonly RedriveSource[] | undefined {
  if (from === undefined) return undefined
  if (typeof from !== 'string') {
    problem('from: expected a target as in KAFKA_DEAD_LETTER, or a queue as in KAFKA_REDRIVE_FROM.')
    return undefined
  }
  const sources = parseRedriveSources(from, 'from', problem)
  if (!allowed) return sources
  return sources.flatMap(source => {
    const same = allowedSource(source, allowed)
    if (!same)
      problem('from: expected one of KAFKA_DEAD_LETTER, KAFKA_REDRIVE_FROM or KAFKA_REDRIVE_ALLOW, got another.')
    return same ?? []
  })
}

/** Reads one value, a list, or a text with values separated by commas. */
function list(name: string, fields: Fields, problem: Problem): string[] | undefined {
  const value = fields[name]
  if (value === undefined) return undefined
  const texts = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [value]
  const values = texts.map(each => (typeof each === 'string' ? each.trim() : ''))
  if (values.length > 0 && values.every(each => each !== '')) return values.map(each => (each === NO_TOPIC ? '' : each))
  problem(`${name}: expected text, or several texts.`)
  return undefined
}

function checkOutcomes({ outcomes, notOutcomes }: Record<string, unknown>, problem: Problem): void {
  const isOutcome = (value: unknown) => value === 'rejected' || value === 'not-sent' || value === 'unknown'
  for (const [name, values] of Object.entries({ outcome: outcomes, notOutcome: notOutcomes }))
    if (Array.isArray(values) && !values.every(isOutcome)) problem(`${name}: expected rejected, not-sent or unknown.`)
}

function text(name: string, fields: Fields, problem: Problem): string | undefined {
  const value = fields[name]
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  problem(`${name}: expected text, got ${value === '' ? 'none' : shown(value)}.`)
  return undefined
}

/** Reads an ISO 8601 time with a zone, or an age: 30m, 24h, 7d. A number without a unit is refused as ambiguous. */
function time(name: string, fields: Fields, problem: Problem): number | undefined {
  const value = fields[name]
  if (value === undefined) return undefined
  const ms = typeof value === 'string' ? parseTime(value) : Number.NaN
  if (Math.abs(ms) <= MAX_DATE_MS) return ms
  problem(
    `${name}: expected a time with its zone (2026-11-25T08:00:00Z, 2026-11-25T08:00+01:00) or how long ago (24h); ` +
      `got ${shown(value)}.`,
  )
  return undefined
}

/** @returns milliseconds since the epoch; NaN for a text of another form */
function parseTime(text: string): number {
  const ago = /^(\d+)([smhd])$/.exec(text)
  if (ago) return Date.now() - Number(ago[1]) * UNIT_MS[ago[2] as keyof typeof UNIT_MS]
  return isTime(text) ? Date.parse(text) : Number.NaN
}

/** Compares the date parts, because `Date.parse` accepts 30 February as 2 March. */
function isTime(text: string): boolean {
  const day = Number(text.slice(8, 10))
  return ISO_TIME.test(text) && new Date(`${text.slice(0, 10)}T00:00Z`).getUTCDate() === day
}

function count(name: string, fields: Fields, problem: Problem): number | undefined {
  const value = fields[name]
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (number === undefined) return undefined
  if (Number.isSafeInteger(number) && (number as number) > 0) return number as number
  problem(`${name}: expected a whole number above 0, got ${shown(value)}.`)
  return undefined
}

function flag(name: string, fields: Fields, fallback: boolean, problem: Problem): boolean {
  const value = fields[name] === undefined ? fallback : fields[name]
  if (typeof value !== 'boolean') problem(`${name}: expected true or false, got ${shown(value)}.`)
  return value === true
}

function readTimestamp(timestamp: unknown, problem: Problem): 'original' | 'now' {
  if (timestamp !== undefined && timestamp !== 'original' && timestamp !== 'now')
    problem(`timestamp: expected original or now, got ${shown(timestamp)}.`)
  return timestamp === 'now' ? 'now' : 'original'
}
