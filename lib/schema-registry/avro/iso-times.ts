// Converts ISO 8601 texts to the whole numbers of Avro's logical types. Nothing is rounded: extra digits of a second
// must be zeros.
import type { TemporalType } from './avro-type.ts'

const DATE = /^(\d{4})-(\d\d)-(\d\d)/
const TIME = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,12}))?)?/
const ZONE = /^(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/

const MS_PER_DAY = 86_400_000
const SECONDS_PER_DAY = 86_400

/**
 * @returns undefined for text that does not fit the type: a timestamp needs a time zone, a local one must not have one
 */
export function fromIsoText({ name, digits }: TemporalType, text: string): number | bigint | undefined {
  if (name === 'time') return timeOfDay(text, digits)
  const days = daysOf(text)
  const rest = text.slice('2026-11-27'.length)
  if (name === 'date' || days === undefined) return rest === '' ? days : undefined
  const match = rest.startsWith('T') ? TIME.exec(rest.slice(1)) : null
  const fraction = match && fractionOf(match[4], digits)
  const offset = match && offsetOf(rest.slice(1 + match[0].length), name === 'timestamp')
  if (!match || fraction == null || offset == null) return undefined
  const seconds = days * SECONDS_PER_DAY + secondsOf(match) - offset
  return BigInt(seconds) * 10n ** BigInt(digits) + BigInt(fraction)
}

/** @returns undefined if it would be rounded, or depends on a time zone */
export function fromDate({ name, digits }: TemporalType, date: Date): number | bigint | undefined {
  const ms = date.getTime()
  if (Number.isNaN(ms)) return undefined
  if (name === 'timestamp') return BigInt(ms) * 10n ** BigInt(digits - 3)
  return name === 'date' && ms % MS_PER_DAY === 0 ? ms / MS_PER_DAY : undefined
}

function daysOf(text: string): number | undefined {
  const match = DATE.exec(text)
  if (!match) return undefined
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number)
  const date = new Date(0)
  // Date.UTC treats years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() / MS_PER_DAY : undefined
}

function timeOfDay(text: string, digits: number): number | undefined {
  const match = TIME.exec(text)
  const fraction = match && match[0].length === text.length ? fractionOf(match[4], digits) : undefined
  return match && fraction !== undefined ? secondsOf(match) * 10 ** digits + fraction : undefined
}

function secondsOf([, hours, minutes, seconds = '0']: readonly string[]): number {
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
}

function fractionOf(fraction = '', digits: number): number | undefined {
  const padded = fraction.padEnd(digits, '0')
  return /^0*$/.test(padded.slice(digits)) ? Number(padded.slice(0, digits)) : undefined
}

/** Returns the offset from UTC in seconds, positive to the east; 0 if there is no zone and none is needed. */
function offsetOf(text: string, hasZone: boolean): number | undefined {
  if (!hasZone) return text === '' ? 0 : undefined
  const match = ZONE.exec(text)
  if (!match) return undefined
  const [, sign, hours = '0', minutes = '0'] = match
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60)
}
