// The event of a redrive by hand or by schedule → what is asked for. The command line takes the same names.
import { parseDeadLetterTargets } from '../../lib/config/dead-letter-targets.ts'
import type { DeadLetterTargetConfig } from '../../lib/dead-letter/target-kinds.ts'
import { ConfigError } from '../../lib/errors.ts'
import { isJsonObject } from '../../lib/record/json-object.ts'

export interface RedriveRequest {
  /** Undefined: the configured targets. */
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
  /** Invalid records too, by the contracts as they are now. */
  readonly invalid: boolean
  readonly timestamp: 'original' | 'now'
  readonly maxAttempts?: number
  readonly sourceQueue?: string
}

type Given = Record<string, unknown>
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

/** @throws ConfigError with every problem at once */
export function parseRedriveRequest(event: unknown): RedriveRequest {
  const problems: string[] = []
  const problem: Problem = text => problems.push(text)
  const given = isJsonObject(event) ? event : {}
  // A schedule without an input of its own sends EventBridge's event.
  const isSchedule = given['detail-type'] === 'Scheduled Event'
  for (const name of isSchedule ? [] : Object.keys(given))
    if (!FIELDS.includes(name)) problem(`${name}: unknown; expected ${FIELDS.join(', ')}.`)
  const asked = isSchedule ? {} : given
  const request = {
    ...optional('from', readFrom(asked.from, problem)),
    ...optional('deadLetterId', text('deadLetterId', asked, problem)),
    ...optional('topic', text('topic', asked, problem)),
    ...optional('error', text('error', asked, problem)),
    ...optional('since', time('since', asked, problem)),
    ...optional('until', time('until', asked, problem)),
    ...optional('limit', count('limit', asked, problem)),
    ...optional('rate', count('rate', asked, problem)),
    ...optional('maxAttempts', count('maxAttempts', asked, problem)),
    ...optional('sourceQueue', text('sourceQueue', asked, problem)),
    dryRun: flag('dryRun', asked, false, problem),
    verify: flag('verify', asked, true, problem),
    invalid: flag('includeInvalid', asked, false, problem),
    timestamp: readTimestamp(asked.timestamp, problem),
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return request
}

function optional<K extends string, V>(name: K, value: V | undefined): { readonly [_ in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [_ in K]?: V })
}

function readFrom(given: unknown, problem: Problem): readonly DeadLetterTargetConfig[] | undefined {
  if (given === undefined) return undefined
  if (typeof given === 'string')
    return parseDeadLetterTargets(given, { setting: 'from', use: 'read', isInsideLambda: false }, problem)
  problem('from: expected a target as in KAFKA_DEAD_LETTER.')
  return undefined
}

function text(name: string, given: Given, problem: Problem): string | undefined {
  const value = given[name]
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  problem(`${name}: expected text.`)
  return undefined
}

/** ISO 8601, milliseconds, or how long ago: 30m, 24h, 7d. */
function time(name: string, given: Given, problem: Problem): number | undefined {
  const value = given[name]
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

function count(name: string, given: Given, problem: Problem): number | undefined {
  const value = given[name]
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (number === undefined) return undefined
  if (Number.isSafeInteger(number) && (number as number) > 0) return number as number
  problem(`${name}: expected a whole number above 0.`)
  return undefined
}

function flag(name: string, given: Given, otherwise: boolean, problem: Problem): boolean {
  const value = given[name] ?? otherwise
  if (typeof value !== 'boolean') problem(`${name}: expected true or false.`)
  return value === true
}

function readTimestamp(given: unknown, problem: Problem): 'original' | 'now' {
  if (given !== undefined && given !== 'original' && given !== 'now') problem('timestamp: expected original or now.')
  return given === 'now' ? 'now' : 'original'
}
