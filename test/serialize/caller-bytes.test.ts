// As in Java, once a send has returned its promise, the caller may change everything that it passed in.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import type { RecordHeader } from '../../lib/record/producer-record.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../../lib/time/clock.ts'
import type { ValidationRules } from '../../lib/validate/record-validator.ts'
import { contractsOf } from '../support/contracts.ts'
import { summaryOf } from '../support/producer-of.ts'

const ANY_TOPIC: ValidationRules = { anyTopic: true }
const BY_CONTRACT: ValidationRules = { contracts: contractsOf([{ topic: 't', json: { key: { required: false } } }]) }

/** Its serializer writes every value into one buffer. */
class ReusingSerializer {
  readonly #buffer = Buffer.alloc(16)
  serialize(value: unknown): Uint8Array {
    return this.#buffer.subarray(0, this.#buffer.write(String(value)))
  }
}

for (const [what, rules, options, bytes] of [
  ['the default serializer', ANY_TOPIC, {}, ['"first"', '"later"']],
  ['the serializer bytes', ANY_TOPIC, { keySerializer: 'bytes', valueSerializer: 'bytes' }, ['"first"', '"later"']],
  ['a contract', BY_CONTRACT, {}, ['"first"', '"later"']],
] as const satisfies readonly (readonly [string, ValidationRules, ProducerOptions, readonly [string, string]])[])
  test(`${what}: key, value, headers, record and list are those of the call`, async () => {
    const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock, latencyMs: 1 })
    const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1'], ...options }, {}), { client, rules })
    const [first, later] = bytes
    const buffer = Buffer.from(first)
    const headers: RecordHeader[] = [['h', buffer]]
    const record = { topic: 't', partition: 0, key: buffer, value: buffer, headers }
    const list = [record]
    const sending = producer.sendAll(list)
    buffer.write(later)
    headers.push(['more', null])
    record.partition = 5
    list.push(record)
    assert.deepEqual((await sending).map(summaryOf), ['delivered'])
    const [written] = client.logs[0]?.records ?? []
    const header = written?.headers.map(([name, value]) => `${name}=${value}`)
    assert.deepEqual([String(written?.key), written?.value, header], [first, first, [`h=${first}`]])
  })

test('a serializer may reuse its buffer', async () => {
  const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock, latencyMs: 1 })
  const config = parseConfig({ bootstrapServers: ['b:1'], valueSerializer: new ReusingSerializer() }, {})
  const producer = new KafkaProducer(config, { client, rules: ANY_TOPIC })
  await producer.sendAll(['a', 'bb', 'ccc'].map(value => ({ topic: 't', partition: 0, value })))
  assert.deepEqual(
    client.logs[0]?.records.map(({ value }) => value),
    ['a', 'bb', 'ccc'],
  )
})

test('a header that a serializer adds is written as it is; what is no header fails its own record', async () => {
  const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock, latencyMs: 1 })
  const valueSerializer = {
    serialize: (value: unknown) => ({
      bytes: Buffer.from(String(value)),
      headers: [['added', (value === 'number' ? 42 : 'text') as never] as const],
    }),
  }
  const config = parseConfig({ bootstrapServers: ['b:1'], valueSerializer }, {})
  const producer = new KafkaProducer(config, { client, rules: ANY_TOPIC })
  const reports = await producer.sendAll(['a', 'number', 'b'].map(value => ({ topic: 't', partition: 0, value })))
  assert.deepEqual(reports.map(summaryOf), ['delivered', 'not-sent:bad-header', 'delivered'])
  const added = client.logs[0]?.records.map(({ headers }) => headers.map(([name, value]) => [name, String(value)]))
  assert.deepEqual(added, [[['added', 'text']], [['added', 'text']]])
})
