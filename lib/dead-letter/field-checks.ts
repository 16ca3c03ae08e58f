// Checks for single fields of envelopes that are read back from a target.

export type Check = (value: unknown) => boolean

export const text =
  (max: number): Check =>
  value =>
    typeof value === 'string' && value.length <= max
export const matching =
  (pattern: RegExp): Check =>
  value =>
    typeof value === 'string' && pattern.test(value)
export const integer =
  (min: number, max: number): Check =>
  value =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
export const orNull =
  (check: Check): Check =>
  value =>
    value === null || check(value)
export const optional =
  (check: Check): Check =>
  value =>
    value === undefined || check(value)
/** ISO 8601 in UTC, as `Date.toISOString` writes it. */
export const isTime: Check = value =>
  typeof value === 'string' && value.length <= 30 && value.endsWith('Z') && Number.isFinite(Date.parse(value))
