// Reads a dead letter back from a target. Nothing in it is trusted before it is checked, in particular not its id.
import { fromBase64 } from '../record/base64.ts'
import { isJsonObject, parseJson } from '../record/json-object.ts'
import { asDeadLetter, wrongField } from './check-dead-letter.ts'
import { type DeadLetter, deadLetterId } from './dead-letter.ts'
import { upgradeVersion1 } from './version-1.ts'

/** The newest version of the envelope that this release reads; it is also the one that it writes. */
const SCHEMA_VERSION = 2

export type ReadResult =
  /** `verified`: the id was recomputed from the record, which is not possible for a value in a claim check. */
  | { readonly kind: 'dead-letter'; readonly deadLetter: DeadLetter; readonly verified: boolean }
  /** A dead letter that this release can't use. It is counted and shown, and stays in place. */
  | { readonly kind: 'unreadable'; readonly reason: string }
  /** The text is not a dead letter. */
  | { readonly kind: 'foreign' }

/** @param text the stored text of one dead letter */
export function parseDeadLetter(text: string): ReadResult {
  return checkDeadLetter(parseJson(text))
}

/** Checks a parsed envelope. */
export function checkDeadLetter(json: unknown): ReadResult {
  if (!isJsonObject(json) || !('schemaVersion' in json) || !isJsonObject(json.record)) return { kind: 'foreign' }
  const { schemaVersion } = json
  if (schemaVersion !== 1 && schemaVersion !== SCHEMA_VERSION) return { kind: 'unreadable', reason: versionOf(json) }
  const upgraded = upgradeVersion1(json)
  if (!isJsonObject(upgraded)) return { kind: 'foreign' }
  const wrong = wrongField(upgraded)
  if (wrong !== undefined) return { kind: 'unreadable', reason: `${wrong} has a wrong type or size` }
  const deadLetter = asDeadLetter(upgraded)
  const verified = deadLetter.claimCheck === null
  if (verified && !hasOwnId(deadLetter)) return { kind: 'unreadable', reason: 'its id does not match its record' }
  return { kind: 'dead-letter', deadLetter, verified }
}

/** Whether the id is that of the record. */
export function hasOwnId({ deadLetterId: id, recordId, record }: DeadLetter): boolean {
  const { topic, key, value, headers } = record
  const parts = {
    topic: topic ?? '',
    key: fromBase64(key),
    value: fromBase64(value),
    headers: headers.map(header => [header.name, fromBase64(header.value)] as const),
  }
  return deadLetterId(parts, recordId) === id
}

/** @returns undefined for anything but a dead letter */
export function readDeadLetter(text: string): DeadLetter | undefined {
  const result = parseDeadLetter(text)
  return result.kind === 'dead-letter' ? result.deadLetter : undefined
}

function versionOf({ schemaVersion }: Readonly<Record<string, unknown>>): string {
  return Number.isSafeInteger(schemaVersion) && (schemaVersion as number) > SCHEMA_VERSION
    ? `version ${schemaVersion} of the envelope is newer than this release supports (${SCHEMA_VERSION})`
    : 'an unknown version of the envelope'
}
