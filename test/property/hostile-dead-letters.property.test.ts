// Whoever may write to a target may write any dead letter. None may throw out of the parser or the engine, change a
// prototype, or keep the good one beside it from being sent.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import { toKafkaDeadLetter } from '../../lib/dead-letter/kafka/kafka-dead-letter.ts'
import { readKafkaDeadLetter } from '../../lib/dead-letter/kafka/read-kafka-dead-letter.ts'
import { parseDeadLetter } from '../../lib/dead-letter/read-dead-letter.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import { type RedriveLog, redrive } from '../../lib/redrive/redrive.ts'
import { acceptingProducer } from '../fakes/accepting-producer.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { hostileDeadLetters } from '../support/hostile-dead-letters.ts'

const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 500)

const noViolations = () => ({ violations: [], truncated: false })
const contracts = new Map([['chat', parseContract('chat', { value: { format: 'text' } }, () => noViolations)]])

const log: RedriveLog = {
  clusterId: async () => 'cluster',
  start: async () => 0n,
  end: async () => 0n,
  offsetAt: async () => 0n,
  batchAt: async () => undefined,
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

const mutated = hostileDeadLetters('chat')

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
