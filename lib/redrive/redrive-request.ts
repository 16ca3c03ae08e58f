// Parses the request of a redrive: the function's event, the console's form or the command's options.
import { parseDeadLetterTargets } from '../config/dead-letter-targets.ts'
import type { DeadLetterTargetConfig } from '../dead-letter/target-kinds.ts'
import { ConfigError } from '../errors.ts'
import { isJsonObject } from '../record/json-object.ts'

export interface RedriveRequest {
  /** Default: the configured targets. */
  readonly from?: readonly DeadLetterTargetConfig[]
  readonly deadLetterId?: string
  readonly topic?: string
  readonly error?: string
  readonly since?: number
  readonly until?: number
  readonly limit?: number
  readonly rate?: number
  readonly dryRun: boolean
  readonly verify: boolean
  /** Also tries invalid records, with the present contracts. */
  readonly invalid: boolean
  readonly timestamp: 'original' | 'now'
  readonly maxAttempts?: number
  readonly sourceQueue?: string
}

type Fields = Record<string, unknown>
type Problem = (text: string) => void

const FIELDS = [
  'from',
  'deadLetterId',
  'topic',
  'error',
  'since',
  'until',
  'limit',
  'rate',
  'dryRun',
  'verify',
  'includeInvalid',
  'timestamp',
  'maxAttempts',
  'sourceQueue',
]

/**
 * Parses the fields of a request: an object with the names of `RedriveRequest`, but `includeInvalid` for `invalid` and
 * text for `from`.
 * @throws ConfigError with every problem at once
 */
export function parseRedriveRequest(event: unknown): RedriveRequest {
  const problems: string[] = []
  const problem: Problem = text => problems.push(text)
  const object = isJsonObject(event) ? event : {}
  // A schedule without an input sends EventBridge's event.
  const isSchedule = object['detail-type'] === 'Scheduled Event'
  for (const name of isSchedule ? [] : Object.keys(object))
    if (!FIELDS.includes(name)) problem(`${name}: unknown; expected ${FIELDS.join(', ')}.`)
  const fields: Fields = isSchedule ? {} : object
  const request = {
    ...optional('from', readFrom(fields.from, problem)),
    ...optional('deadLetterId', text('deadLetterId', fields, problem)),
    ...optional('topic', text('topic', fields, problem)),
    ...optional('error', text('error', fields, problem)),
    ...optional('since', time('since', fields, problem)),
    ...optional('until', time('until', fields, problem)),
    ...optional('limit', count('limit', fields, problem)),
    ...optional('rate', count('rate', fields, problem)),
    ...optional('maxAttempts', count('maxAttempts', fields, problem)),
    ...optional('sourceQueue', text('sourceQueue', fields, problem)),
    dryRun: flag('dryRun', fields, false, problem),
    verify: flag('verify', fields, true, problem),
    invalid: flag('includeInvalid', fields, false, problem),
    timestamp: readTimestamp(fields.timestamp, problem),
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return request
}

function optional<K extends string, V>(name: K, value: V | undefined): { readonly [_ in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [_ in K]?: V })
}

function readFrom(from: unknown, problem: Problem): readonly DeadLetterTargetConfig[] | undefined {
  if (from === undefined) return undefined
  if (typeof from === 'string')
    return parseDeadLetterTargets(from, { setting: 'from', use: 'read', isInsideLambda: false }, problem)
  problem('from: expected a target as in KAFKA_DEAD_LETTER.')
  return undefined
}

function text(name: string, fields: Fields, problem: Problem): string | undefined {
  const value = fields[name]
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  problem(`${name}: expected text.`)
  return undefined
}

/** ISO 8601, milliseconds, or how long ago: 30m, 24h, 7d. */
function time(name: string, fields: Fields, problem: Problem): number | undefined {
  const value = fields[name]
  if (value === undefined) return undefined
  const ago = typeof value === 'string' ? /^(\d+)([smhd])$/.exec(value) : null
  if (ago)
    return (
      Date.now() - Number(ago[1]) * { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[ago[2] as 's' | 'm' | 'h' | 'd']
    )
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isFinite(ms)) return ms
  problem(`${name}: expected a time (2026-11-25T08:00:00Z) or how long ago (24h).`)
  return undefined
}

function count(name: string, fields: Fields, problem: Problem): number | undefined {
  const value = fields[name]
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (number === undefined) return undefined
  if (Number.isSafeInteger(number) && (number as number) > 0) return number as number
  problem(`${name}: expected a whole number above 0.`)
  return undefined
}

function flag(name: string, fields: Fields, fallback: boolean, problem: Problem): boolean {
  const value = fields[name] ?? fallback
  if (typeof value !== 'boolean') problem(`${name}: expected true or false.`)
  return value === true
}

function readTimestamp(timestamp: unknown, problem: Problem): 'original' | 'now' {
  if (timestamp !== undefined && timestamp !== 'original' && timestamp !== 'now')
    problem('timestamp: expected original or now.')
  return timestamp === 'now' ? 'now' : 'original'
}
