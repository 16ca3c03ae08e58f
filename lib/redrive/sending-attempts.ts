// Writes and parses the note that lists the dead letters being sent. Anybody who may write to the target can change it,
// so it is checked.
import { MAX_INT32, MAX_TEXT, MAX_TOPIC } from '../dead-letter/dead-letter.ts'
import { type Check, integer, isTime, orNull, text } from '../dead-letter/field-checks.ts'
import { isJsonObject, parseJson } from '../record/json-object.ts'

const VERSION = 1

/** Where and when the record of a dead letter was sent. */
export interface SendingAttempt {
  readonly topic: string
  /** The partition; null if the partitioner chooses it. */
  readonly partition: number | null
  readonly clusterId: string | null
  readonly from: string
  /** When sending ended; null if the record may still be sent. */
  readonly to: string | null
  /** Whether the run looked for records in doubt before it sent them. */
  readonly isLookedUp: boolean
}

export function formatAttempts(attempts: ReadonlyMap<string, SendingAttempt>): string {
  const groups = Map.groupBy(attempts, ([, attempt]) => JSON.stringify(attempt))
  return JSON.stringify({
    version: VERSION,
    attempts: [...groups.values()].map(group => ({
      ...(group[0] as (typeof group)[0])[1],
      deadLetterIds: group.map(([id]) => id),
    })),
  })
}

/** @returns the attempts by the ids of their dead letters; undefined for any other text */
export function parseAttempts(text: string): Map<string, SendingAttempt> | undefined {
  const json = parseJson(text)
  if (!isJsonObject(json) || json.version !== VERSION || !Array.isArray(json.attempts)) return undefined
  const attempts = new Map<string, SendingAttempt>()
  for (const each of json.attempts) {
    if (!isAttempt(each)) return undefined
    const { deadLetterIds, ...attempt } = each
    for (const id of deadLetterIds) attempts.set(id, attempt)
  }
  return attempts
}

const ATTEMPT = Object.entries<Check>({
  topic: text(MAX_TOPIC),
  partition: orNull(integer(0, MAX_INT32)),
  clusterId: orNull(text(MAX_TEXT)),
  from: isTime,
  to: orNull(isTime),
  isLookedUp: value => typeof value === 'boolean',
  deadLetterIds: value => Array.isArray(value) && value.every(id => typeof id === 'string'),
})

function isAttempt(json: unknown): json is SendingAttempt & { readonly deadLetterIds: readonly string[] } {
  return isJsonObject(json) && ATTEMPT.every(([name, check]) => check(json[name]))
}
