// The forms of a dead letter that the subcommands list, stats and show have in common.
import type { OpenDeadLetter } from '../lib/dead-letter/dead-letter-store.ts'

export const KIND_TEXTS = { 'invalid-record': 'invalid record', 'delivery-failure': 'delivery failure' } as const

/** @returns the dead letter for JSON output, without key, value and the values of headers */
export function withoutPayload({ deadLetter, location, verified }: OpenDeadLetter): object {
  const { key: _key, value, headers, ...record } = deadLetter.record
  return {
    location,
    verified,
    ...deadLetter,
    record: {
      ...record,
      valueBytes: value === null ? null : Buffer.byteLength(value, 'base64'),
      headers: headers.map(({ name }) => ({ name })),
    },
  }
}
