// What a Kafka target sends for each dead letter, and what it makes of the reports, with a producer of the test.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  deadLetterTopic,
  springHeaderNames,
  toKafkaDeadLetter,
} from '../../../lib/dead-letter/kafka/kafka-dead-letter.ts'
import { createKafkaTarget, locationOf } from '../../../lib/dead-letter/kafka/target.ts'
import { notSent } from '../../../lib/delivery/delivery-report.ts'
import { ConfigError, DeadLetterError, InvalidRecordError, TransportError } from '../../../lib/errors.ts'
import type { ProducerRecord } from '../../../lib/record/producer-record.ts'
import type { Deadline } from '../../../lib/time/deadline.ts'
import { DeadLetterTopic } from '../../fakes/dead-letter-topic.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'
import { deadlineIn } from '../../support/time.ts'

const config = { kind: 'kafka', pattern: '{topic}-dlt', servers: ['other:9092'] } as const

test('the producer is created for the first dead letter, with the servers of the target, and closed once', async () => {
  const topic = new DeadLetterTopic('chat-dlt')
  const created: unknown[] = []
  const deadlines: unknown[] = []
  let closed = 0
  const target = createKafkaTarget(config, {
    createProducer: servers => {
      created.push(servers)
      const sendAll = (records: readonly ProducerRecord[], deadline?: Deadline) => {
        deadlines.push(deadline)
        return topic.sendAll(records)
      }
      return { sendAll, close: async () => void closed++ }
    },
  })
  await target.close()
  assert.deepEqual([created.length, closed], [0, 0])
  const deadline = deadlineIn(5000)
  const deadLetters = [deadLetterOf('a'), deadLetterOf('b')]
  assert.deepEqual(await target.store(deadLetters, deadline), ['kafka:chat-dlt-0@0', 'kafka:chat-dlt-0@1'])
  assert.deepEqual(await target.store([deadLetterOf('c')], deadline), ['kafka:chat-dlt-0@2'])
  assert.deepEqual([created, deadlines], [[['other:9092']], [deadline, deadline]])
  assert.deepEqual(
    topic.records.map(({ key, value, headers }) => ({ key, value, headers })).slice(0, 2),
    deadLetters.map(each => {
      const { key, value, headers } = toKafkaDeadLetter(each, config.pattern)
      return { key, value, headers }
    }),
  )
  await target.close()
  await target.close()
  assert.equal(closed, 1)
})

test('a dead letter that Kafka does not take has the reason; one that is too large may go in parts', async () => {
  const tooLarge = new InvalidRecordError('record-too-large', 'too large')
  const down = new TransportError('unreachable', 'down', { retriable: true })
  const target = createKafkaTarget(config, {
    createProducer: () => ({
      sendAll: async records =>
        records.map((record, n) => notSent(record, undefined, n === 0 ? tooLarge : down, Date.now())),
      close: async () => {},
    }),
  })
  const [large, other] = await target.store([deadLetterOf('a'), deadLetterOf('b')], deadlineIn(5000))
  assert.ok(large instanceof DeadLetterError && other instanceof DeadLetterError)
  assert.equal(large.code, 'dead-letter-too-large')
  assert.match(large.message, /max\.request\.size/)
  assert.deepEqual(
    [other.code, other.message, other.retriable, other.cause instanceof Error],
    ['dead-letter', 'The Kafka target did not store a dead letter (unreachable).', true, true],
  )
  await target.close()
})

test('without a way to create a producer there is no Kafka target', () => {
  assert.throws(
    () => createKafkaTarget(config, {}),
    (error: unknown) =>
      error instanceof ConfigError && /^KAFKA_DEAD_LETTER: kafka: needs a producer/.test(error.problems[0] ?? ''),
  )
})

test('the offset in a location is a question mark where no broker named it', () => {
  assert.equal(locationOf({ topic: 't', partition: 3, offset: 7n }), 'kafka:t-3@7')
  assert.equal(locationOf({ topic: 't', partition: 3, offset: 0n }), 'kafka:t-3@0')
  assert.equal(locationOf({ topic: 't', partition: 3, offset: null }), 'kafka:t-3@?')
})

test('a record has Spring’s headers behind its own, each only if the dead letter has the field', () => {
  const whole = deadLetterOf('a')
  const { record } = whole
  const deadLetter = {
    ...whole,
    record: { ...record, partition: 7, timestamp: 2 ** 40, headers: [{ name: 'own', value: 'AAAA' }] },
  }
  const { topic, key, value, headers } = toKafkaDeadLetter(deadLetter, '{topic}-dlt')
  assert.deepEqual([topic, String(key), String(value)], ['chat-dlt', 'k', 'v'])
  const texts = headers.map(([name, bytes]) => [name, Buffer.from(bytes ?? '').toString('latin1')])
  const [long, short] = [Buffer.alloc(8), Buffer.alloc(4)]
  long.writeBigInt64BE(2n ** 40n)
  short.writeInt32BE(7)
  assert.deepEqual(texts.slice(0, -1), [
    ['own', '\0\0\0'],
    ['kafka_dlt-original-topic', 'chat'],
    ['kafka_dlt-original-partition', short.toString('latin1')],
    ['kafka_dlt-original-timestamp', long.toString('latin1')],
    ['kafka_dlt-exception-fqcn', whole.failure.class],
    ['kafka_dlt-exception-message', 'unreachable'],
  ])
  assert.equal(texts.at(-1)?.[0], 'kp-dead-letter')
  const envelope = JSON.parse(texts.at(-1)?.[1] ?? '')
  const { key: _key, value: _value, headers: _headers, ...rest } = deadLetter.record
  assert.deepEqual(envelope, { ...deadLetter, record: rest })
  assert.deepEqual(
    springHeaderNames(deadLetter.record),
    texts.map(([name = '']) => name).filter(name => name.startsWith('kafka_dlt-')),
  )
  const bare = { ...whole, record: { ...record, topic: null, partition: null, timestamp: null } }
  const none = toKafkaDeadLetter(bare, '{topic}-dlt')
  const names = none.headers.map(([name]) => name)
  assert.deepEqual(names, ['kafka_dlt-exception-fqcn', 'kafka_dlt-exception-message', 'kp-dead-letter'])
  assert.deepEqual(springHeaderNames(bare.record), names.slice(0, 2))
  assert.equal(none.topic, 'unrouted-dlt')
})

test('each place of the topic’s name in the pattern is filled', () => {
  assert.equal(deadLetterTopic('{topic}.{topic}.dlt', 'a'), 'a.a.dlt')
  assert.equal(deadLetterTopic('dead-letters', 'a'), 'dead-letters')
})
