import { InvalidRecordError } from '../errors.ts'

/** @throws InvalidRecordError `record-too-large` */
export function checkLimit(what: string, actual: number, max: number, unit: string): void {
  if (actual > max)
    throw new InvalidRecordError('record-too-large', `${what}: expected at most ${max} ${unit}, got ${actual}.`)
}
