// Generates forged dead letters, as somebody with write access to a target could store them: real ones with changed
// fields.
import fc from 'fast-check'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { parseDeadLetter } from '../../lib/dead-letter/read-dead-letter.ts'
import { deadLetterOf, withOwnId } from './dead-letter.ts'

function basesOf(topic: string, recordId: string, clusterId: string): readonly DeadLetter[] {
  const plain = deadLetterOf(recordId, '{"a":1}', topic)
  return [
    plain,
    {
      ...plain,
      failure: { ...plain.failure, kind: 'invalid-record' },
      redrive: { count: 4, lastAt: null, lastCode: 'schema' },
    },
    {
      ...plain,
      failure: { ...plain.failure, outcome: 'unknown' },
      inDoubt: {
        partition: 0,
        producerId: 1,
        producerEpoch: 0,
        baseSequence: 0,
        indexInBatch: 0,
        from: '2026-11-01T00:00:00.000Z',
        to: '2026-11-01T00:01:00.000Z',
        clusterId,
        fromOffset: 0,
      },
    },
    {
      ...plain,
      record: { ...plain.record, value: null },
      claimCheck: { target: `s3://b/claims/${plain.deadLetterId}`, sha256: '0'.repeat(64), bytes: 5 },
    },
  ]
}

const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'chat', '']
const hostileText = fc.oneof(
  fc.constantFrom(
    ...NAMES,
    '../'.repeat(8),
    'x'.repeat(5000),
    '\u202e\u2028\u0000',
    'chat-dlt',
    'YQ==',
    '1970-01-01T00:00:00.000Z',
  ),
  fc.string({ maxLength: 30, unit: 'binary' }),
)
const hostileNumber = fc.oneof(
  fc.constantFrom(-1, 0, 0.5, 2 ** 31 - 1, 2 ** 31, 2 ** 40, 2 ** 53, -(2 ** 53), 1e300, -1e300, 8.64e15, 9e15),
  fc.integer(),
)
const hostileValue = fc.oneof(
  hostileText,
  hostileNumber,
  fc.constantFrom<unknown>(null, true, [], {}, [null], [[]], undefined),
  fc.array(fc.record({ name: hostileText, value: fc.option(fc.constantFrom('YQ==', 'no base64', '')) }), {
    maxLength: 4,
  }),
  fc.dictionary(hostileText, hostileNumber, { maxKeys: 3 }),
)

/** Where to change an envelope: the numbers pick a field of each level. */
const change = fc.record({
  path: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  value: hostileValue,
  name: fc.option(hostileText),
})

type Json = Record<string, unknown>

/** Replaces a field, or defines one by any name, also `__proto__`. */
function changed(
  target: Json,
  { path, value, name }: { path: readonly number[]; value: unknown; name: string | null },
): void {
  const [at = 0, ...rest] = path
  const field = Object.keys(target)[at % Math.max(1, Object.keys(target).length)]
  const inner = field === undefined ? undefined : target[field]
  if (rest.length > 0 && typeof inner === 'object' && inner !== null)
    return changed(inner as Json, { path: rest, value, name })
  const property = { value: structuredClone(value), enumerable: true, configurable: true, writable: true }
  // The length of a list can't be defined anew.
  const changes = Array.isArray(target) && name === 'length' ? undefined : name
  Object.defineProperty(target, changes ?? field ?? 'x', property)
}

/** Envelopes of records of a topic with a few fields changed, as JSON. */
export function hostileDeadLetters(topic: string, clusterId = 'cluster'): fc.Arbitrary<string> {
  return fc
    .record({
      base: fc.nat().chain(n => fc.constantFrom(...basesOf(topic, `base-${n}`, clusterId))),
      changes: fc.array(change, { minLength: 1, maxLength: 4 }),
      // With the right id more of them come as far as the engine.
      keepsId: fc.boolean(),
    })
    .map(({ base, changes, keepsId }) => {
      const envelope = structuredClone(base) as unknown as Json
      for (const each of changes) changed(envelope, each)
      return JSON.stringify(keepsId ? envelope : withRightId(envelope))
    })
}

function withRightId(envelope: Json): Json {
  const result = parseDeadLetter(JSON.stringify(envelope))
  if (result.kind !== 'unreadable' || result.reason !== 'its id does not match its record') return envelope
  return withOwnId(envelope as unknown as DeadLetter) as unknown as Json
}
