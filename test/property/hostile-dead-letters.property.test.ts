// Whoever may write to a target may write any dead letter. None may throw out of the parser or the engine, change a
// prototype, or keep the good one beside it from being sent.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { toKafkaDeadLetter } from '../../lib/dead-letter/kafka/kafka-dead-letter.ts'
import { readKafkaDeadLetter } from '../../lib/dead-letter/kafka/read-kafka-dead-letter.ts'
import { parseDeadLetter } from '../../lib/dead-letter/read-dead-letter.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import { type RedriveLog, redrive } from '../../lib/redrive/redrive.ts'
import { acceptingProducer } from '../fakes/accepting-producer.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { deadLetterOf, withOwnId } from '../support/dead-letter.ts'

const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 500)

const noViolations = () => ({ violations: [], truncated: false })
const contracts = new Map([['chat', parseContract('chat', { value: { format: 'text' } }, () => noViolations)]])

const log: RedriveLog = {
  clusterId: async () => 'cluster',
  start: async () => 0n,
  end: async () => 0n,
  offsetAt: async () => 0n,
  partitions: async () => 3,
  async *readBatches() {},
  settings: async names =>
    new Map(
      names.map(name => [
        name,
        new Map([
          ['retention.ms', '-1'],
          ['message.timestamp.type', 'CreateTime'],
          ['cleanup.policy', name.length % 2 ? 'compact' : 'delete'],
        ]),
      ]),
    ),
}

const plain = deadLetterOf('base', '{"a":1}')
const BASES: readonly DeadLetter[] = [
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
      clusterId: 'cluster',
      fromOffset: 0,
    },
  },
  {
    ...plain,
    record: { ...plain.record, value: null },
    claimCheck: { target: `s3://b/claims/${plain.deadLetterId}`, sha256: '0'.repeat(64), bytes: 5 },
  },
]

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
  Object.defineProperty(target, name ?? field ?? 'x', property)
}

const mutated = fc
  .record({
    base: fc.constantFrom(...BASES),
    changes: fc.array(change, { minLength: 1, maxLength: 4 }),
    // With the right id more of them come as far as the engine.
    keepsId: fc.boolean(),
  })
  .map(({ base, changes, keepsId }) => {
    const envelope = structuredClone(base) as unknown as Json
    for (const each of changes) changed(envelope, each)
    return JSON.stringify(keepsId ? envelope : withRightId(envelope))
  })

function withRightId(envelope: Json): Json {
  const result = parseDeadLetter(JSON.stringify(envelope))
  if (result.kind !== 'unreadable' || result.reason !== 'its id is not the one of its record') return envelope
  return withOwnId(envelope as unknown as DeadLetter) as unknown as Json
}

const PROTOTYPES = [Object, Object.prototype, Array.prototype, String.prototype, Function.prototype, Map.prototype]
/** Every property of these objects, each as its name and its value or getter. */
const prototypes = (): unknown[] =>
  PROTOTYPES.flatMap(object =>
    Reflect.ownKeys(object).flatMap(key => {
      const property = Object.getOwnPropertyDescriptor(object, key)
      return [key, property?.value ?? property?.get]
    }),
  )

test('no hostile dead letter throws, changes a prototype, or harms the good one beside it', async t => {
  const before = prototypes()
  const kinds = { 'dead-letter': 0, unreadable: 0, foreign: 0 }
  await fc.assert(
    fc.asyncProperty(mutated, fc.boolean(), async (text, anyTopic) => {
      const read = parseDeadLetter(text)
      kinds[read.kind]++
      if (read.kind !== 'dead-letter') return
      const { deadLetter } = read
      const inKafka = toKafkaDeadLetter(deadLetter, '{topic}-dlt')
      const back = readKafkaDeadLetter(inKafka)
      assert.deepEqual(back.kind === 'dead-letter' && back.deadLetter.record, deadLetter.record)

      const good = deadLetterOf('good', 'good')
      const store = new MemoryDeadLetterStore([deadLetter, good, deadLetter])
      const producer = acceptingProducer()
      const missing = async () => {
        throw new DeadLetterError('claim-missing', 'It is not there.')
      }
      const options = { producer, contracts, anyTopic, includeInvalid: true, log, inDoubtWaitMs: 0, readClaim: missing }
      for (const dryRun of [true, false]) {
        const result = await redrive(store, { ...options, dryRun })
        assert.equal(result.stopped, undefined)
        JSON.stringify(result)
      }
      assert.equal(producer.sent.filter(({ sourceId }) => sourceId === 'good').length, 1)
      assert.ok(!store.ids.includes('good'))
      assert.ok(anyTopic || producer.sent.every(({ topic }) => topic === 'chat'))
    }),
    { numRuns },
  )
  const after = prototypes()
  assert.equal(after.length, before.length)
  assert.ok(after.every((each, index) => Object.is(each, before[index])))
  t.diagnostic(JSON.stringify(kinds))
  assert.ok(kinds['dead-letter'] > numRuns / 20 && kinds.unreadable > numRuns / 20, JSON.stringify(kinds))
})
