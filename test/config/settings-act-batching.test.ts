// linger.ms, buffer.memory, max.in.flight, acks, idempotence, serializers and partitioners take effect, as scripted
// brokers show.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { BufferExhaustedError, ConfigError, type DeliveryError } from '../../lib/errors.ts'
import type { Script, ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { problemsOf } from '../support/problems-of.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { isDoneWithin, pause, until } from '../support/time.ts'
import { produces, withProducer } from '../support/with-producer.ts'

const batchSizes = (cluster: ScriptedBrokers) => cluster.log(0).batches.map(({ records }) => records.length)
const holdAnswers = () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { script: { onAnswer: () => promise } satisfies Script, release: resolve }
}

test('linger.ms: sends within it share a batch, which is sent after it', async () => {
  await withProducer({ lingerMs: 200 }, {}, async (producer, cluster) => {
    await producer.partitionsFor('t')
    const begin = performance.now()
    const sends = [producer.send({ topic: 't', value: '1' })]
    await pause(50)
    sends.push(producer.send({ topic: 't', value: '2' }))
    await Promise.all(sends)
    const took = performance.now() - begin

    assert.deepEqual(batchSizes(cluster), [2])
    assert.ok(took >= 190 && took < 10_000, `${took} ms`)
  })
})

test('linger.ms: a full batch, flush() and sendAll() do not wait for it', async () => {
  await withProducer({ lingerMs: 10_000, batchSize: 400 }, {}, async (producer, cluster) => {
    const sends = Array.from({ length: 3 }, () => producer.send({ topic: 't', value: 'x'.repeat(100) }))
    await Promise.all(sends.slice(0, 2))
    assert.deepEqual(batchSizes(cluster), [2])
    await producer.flush()
    await sends[2]
  })
  const lingerMs = 10_000
  await withProducer({ lingerMs }, {}, async (producer, cluster) => {
    const work = async () => {
      const sending = producer.send({ topic: 't', value: '1' })
      await producer.flush()
      assert.equal((await sending).offset, 0n)
      const lingering = producer.send({ topic: 't', value: '2' })
      assert.equal(summaryOf((await producer.sendAll([{ topic: 't', value: '3' }]))[0]), 'delivered')
      await lingering
    }
    assert.ok(await isDoneWithin(lingerMs, work()))
    assert.deepEqual(batchSizes(cluster), [1, 2])
  })
})

test('linger.ms of 0: records gather while a request to their leader is in flight', async () => {
  const held = holdAnswers()
  await withProducer(
    {},
    held.script,
    async (producer, cluster) => {
      const first = producer.send({ topic: 't', value: '0', partition: 0 })
      await until(() => produces(cluster).length > 0)
      // For another partition of the same leader, each in its own turn of the event loop.
      const rest: Promise<unknown>[] = []
      for (let i = 0; i < 5; i++) {
        rest.push(producer.send({ topic: 't', value: String(i), partition: 1 }))
        await pause(2)
      }
      held.release()
      await Promise.all([first, ...rest])
      assert.deepEqual(
        cluster.log(1).batches.map(({ records }) => records.length),
        [5],
      )
    },
    [0, 0],
  )
})

test('sends in one turn of the event loop share a request', async () => {
  await withProducer({}, {}, async (producer, cluster) => {
    await producer.send({ topic: 't', value: 'warm' })
    await Promise.all(Array.from({ length: 100 }, (_, i) => producer.send({ topic: 't', value: String(i) })))
    assert.deepEqual(batchSizes(cluster), [1, 100])
  })
})

test('buffer.memory: callers wait in order when it is full; after max.block.ms BufferExhaustedError', async () => {
  const held = holdAnswers()
  await withProducer({ bufferMemory: 2000, maxBlockMs: 300 }, held.script, async (producer, cluster) => {
    const record = (value: string) => ({ topic: 't', value: value.repeat(300) })
    const inTime = ['a', 'b', 'c'].map(value => producer.send(record(value)))
    await until(() => produces(cluster).length > 0)
    assert.ok(producer.metrics().bufferUsed <= 2000)
    const begin = performance.now()
    await assert.rejects(
      producer.send(record('d')),
      (error: DeliveryError) => error.code === 'buffer' && error.cause instanceof BufferExhaustedError,
    )
    const took = performance.now() - begin
    assert.ok(took >= 280 && took < 4500, `${took} ms`)

    const waiting = ['e', 'f'].map(value => producer.send(record(value)))
    held.release()
    await Promise.all([...inTime, ...waiting])
    assert.deepEqual(
      cluster.log(0).records.map(({ value }) => value?.[0]),
      ['a', 'b', 'c', 'e', 'f'],
    )
    assert.equal(producer.metrics().bufferUsed, 0)
    await assert.rejects(
      producer.send(record('x'.repeat(10))),
      /expected at most 1000 bytes, as much as buffer\.memory can hold/,
    )
  })
})

test('buffer.memory: more records than fit are sent as memory is freed, despite linger.ms', async () => {
  const lingerMs = 5000
  await withProducer({ bufferMemory: 5000, lingerMs, batchSize: 100_000 }, {}, async producer => {
    const reports = await producer.sendAll(
      Array.from({ length: 200 }, (_, i) => ({ topic: 't', value: `${i} ${'x'.repeat(100)}` })),
    )
    assert.ok(reports.every(report => summaryOf(report) === 'delivered'))
    const sending = Promise.all(
      Array.from({ length: 40 }, () => producer.send({ topic: 't', value: 'x'.repeat(100) })).concat([
        producer.flush() as never,
      ]),
    )
    assert.ok(await isDoneWithin(lingerMs, sending))
  })
})

test('max.block.ms bounds the wait for metadata and memory together', async () => {
  await withProducer(
    { maxBlockMs: 2000 },
    { onRequest: (_, apiKey) => (apiKey === 3 ? pause(1500) : undefined) },
    async producer => {
      assert.equal(summaryOf((await producer.sendAll([{ topic: 't', value: 'v' }]))[0]), 'delivered')
    },
  )
})

test('max.in.flight.requests.per.connection limits the Produce requests to a leader without an answer', async () => {
  for (const maxInFlight of [1, 2]) {
    const held = holdAnswers()
    await withProducer(
      { maxInFlightRequestsPerConnection: maxInFlight },
      { ...held.script, onRequest: () => undefined },
      async (producer, cluster) => {
        await producer.partitionsFor('t')
        const sends: Promise<unknown>[] = []
        for (const partition of [0, 1, 2]) {
          sends.push(producer.send({ topic: 't', value: 'v', partition }))
          await pause(40)
        }
        assert.equal(producer.metrics().requests, maxInFlight)
        held.release()
        await Promise.all(sends)
        assert.equal(cluster.values().length, 3)
      },
      [0, 0, 0],
    )
  }
})

test('request.timeout.ms of a request in flight begins when the earlier ones have their answers', async () => {
  const slow: Script = { onAnswer: () => pause(250) as Promise<void> }
  await withProducer(
    { maxInFlightRequestsPerConnection: 3, requestTimeoutMs: 400, ackTimeoutMs: 300, retries: 0 },
    slow,
    async producer => {
      await producer.partitionsFor('t')
      const sends: Promise<unknown>[] = []
      for (const partition of [0, 1, 2]) {
        sends.push(producer.send({ topic: 't', value: 'v', partition }))
        await pause(5)
      }
      // The third is answered after 750 ms.
      await Promise.all(sends)
    },
    [0, 0, 0],
  )
})

test('acks 1 and 0: the metadata has the weaker proof, and idempotence is off', async () => {
  await withProducer({ acks: 1 }, {}, async (producer, cluster) => {
    const metadata = await producer.send({ topic: 't', value: 'v' })
    assert.equal(metadata.proof, 'leader')
    assert.equal(metadata.offset, 0n)
    assert.equal(produces(cluster)[0]?.acks, 1)
    assert.equal(cluster.log(0).batches[0]?.producerId, -1n)
    assert.equal(cluster.requests.filter(({ apiKey }) => apiKey === 22).length, 0)
  })
  await withProducer({ acks: 0 }, { onAnswer: () => 'drop' }, async (producer, cluster) => {
    const metadata = await producer.send({ topic: 't', value: 'v' })
    assert.deepEqual([metadata.proof, metadata.offset], ['none', null])
    await until(() => produces(cluster).length > 0)
    assert.equal(produces(cluster)[0]?.acks, 0)
  })
})

test('enable.idempotence: a repeat is not written twice; without it, it is', async () => {
  const loseFirst = (): Script => ({ onAnswer: (_, n) => (n === 1 ? 'drop' : 'send') })
  for (const [enableIdempotence, copies] of [
    [true, 1],
    [false, 2],
  ] as const)
    await withProducer(
      { enableIdempotence, requestTimeoutMs: 200, ackTimeoutMs: 100 },
      loseFirst(),
      async (producer, cluster) => {
        await producer.send({ topic: 't', value: 'v' })
        assert.equal(cluster.values().length, copies)
      },
    )
})

test('without idempotence a connection that was idle is probed before the Produce is sent', async () => {
  await withProducer({ enableIdempotence: false }, {}, async (producer, cluster) => {
    await producer.send({ topic: 't', value: '1' })
    await pause(1100)
    const before = cluster.requests.length
    await producer.send({ topic: 't', value: '2' })
    assert.deepEqual(
      cluster.requests.slice(before).map(({ apiKey }) => apiKey),
      [18, 0],
    )
  })
})

test('partitioner.class and partitioner.ignore.keys choose the partitions', async () => {
  const leaders = [0, 0, 0, 0]
  const counts = (cluster: ScriptedBrokers) => leaders.map((_, partition) => cluster.log(partition).records.length)
  const keyed = (n: number) => Array.from({ length: n }, (_, i) => ({ topic: 't', key: 'same', value: String(i) }))
  await withProducer(
    { partitionerClass: 'org.apache.kafka.clients.producer.RoundRobinPartitioner' },
    {},
    async (producer, cluster) => {
      await producer.sendAll(keyed(8))
      assert.deepEqual(counts(cluster), [2, 2, 2, 2])
    },
    leaders,
  )
  await withProducer(
    { partitionerIgnoreKeys: true },
    {},
    async (producer, cluster) => {
      await producer.sendAll(Array.from({ length: 4 }, (_, i) => ({ topic: 't', key: `k${i}`, value: 'v' })))
      assert.equal(counts(cluster).filter(count => count > 0).length, 1)
    },
    leaders,
  )
  await withProducer(
    { partitionerClass: './test/fakes/last-partitioner.ts' },
    {},
    async (producer, cluster) => {
      await producer.sendAll(keyed(5))
      assert.deepEqual(counts(cluster), [0, 0, 0, 5])
    },
    leaders,
  )
  const answers: (number | undefined)[] = [1, undefined, undefined, 9, Number.NaN]
  const custom = {
    partition: () => {
      if (answers.length === 0) throw new Error('secret')
      return answers.shift()
    },
  }
  await withProducer(
    { partitionerClass: custom },
    {},
    async (producer, cluster) => {
      const reports = await producer.sendAll(keyed(6))
      assert.deepEqual(reports.map(summaryOf), [
        'delivered',
        'delivered',
        'delivered',
        'not-sent:bad-partition',
        'not-sent:bad-partition',
        'not-sent:bad-partition',
      ])
      assert.deepEqual(counts(cluster), [1, 2, 0, 0])
      assert.ok(reports.every(report => report.kind === 'delivered' || !report.error.message.includes('secret')))
    },
    leaders,
  )
})

test('a class that can’t be loaded is a ConfigError that names the setting', () => {
  const wrong: readonly ProducerOptions[] = [
    { partitionerClass: './nowhere.js' },
    { partitionerClass: {} as never },
    { valueSerializer: './package.json' },
    { keySerializer: {} as never },
  ]
  for (const options of wrong)
    assert.throws(
      () => producerOf(['a:1'], options),
      (error: unknown) =>
        error instanceof ConfigError && /partitioner\.class|value\.serializer|key\.serializer/.test(error.message),
    )
})

test('key.serializer and value.serializer create the bytes; an asynchronous one keeps the order', async () => {
  await withProducer(
    { keySerializer: 'integer', valueSerializer: 'org.springframework.kafka.support.serializer.JsonSerializer' },
    {},
    async (producer, cluster) => {
      await producer.send({ topic: 't', key: 1, value: { a: 1 } })
      assert.equal(summaryOf((await producer.sendAll([{ topic: 't', key: 'text', value: 1 }]))[0]), 'not-sent:key-type')
      assert.equal(
        summaryOf((await producer.sendAll([{ topic: 't', key: 2, value: Number.NaN }]))[0]),
        'not-sent:bad-value',
      )
      const [record] = cluster.log(0).records
      assert.deepEqual([record?.key, record?.value], ['\0\0\0\u0001', '{"a":1}'])
    },
  )
  for (const serialize of [
    () => 'text' as never,
    async () => 5 as never,
    () => Promise.reject(new TypeError('expected x, got hunter2')),
    () => assert.fail('hunter2'),
  ])
    await withProducer({ valueSerializer: { serialize } }, {}, async producer => {
      const [report] = await producer.sendAll([{ topic: 't', value: 'v' }])
      assert.ok(report?.kind === 'failed' && report.code === 'bad-value' && !report.error.message.includes('hunter2'))
    })
  const slow = {
    serialize: async (data: { ms: number }) => pause(data.ms).then(() => Buffer.from(String(data.ms))),
  }
  await withProducer({ valueSerializer: slow }, {}, async (producer, cluster) => {
    await producer.partitionsFor('t')
    await Promise.all([80, 40, 1].map(ms => producer.send({ topic: 't', value: { ms } })))
    assert.deepEqual(
      cluster.log(0).records.map(({ value }) => value),
      ['80', '40', '1'],
    )
  })
})

test('settings of the built-in partitioner are refused where they can’t take effect', () => {
  const problemsWith = (options: ProducerOptions) =>
    problemsOf(() => parseConfig({ bootstrapServers: ['a:1', 'b:1'], ...options }, {}, () => undefined))
  const unset = 'takes effect only with the built-in partitioner; expected partitioner.class unset.'
  assert.deepEqual(
    problemsWith({
      partitionerClass: 'round-robin',
      partitionerIgnoreKeys: true,
      partitionerRackAware: true,
      clientRack: 'a',
      partitionerAvailabilityTimeoutMs: 1,
    }),
    [
      `partitioner.ignore.keys (KAFKA_PARTITIONER_IGNORE_KEYS): ${unset}`,
      `partitioner.rack.aware (KAFKA_PARTITIONER_RACK_AWARE): ${unset}`,
      `partitioner.availability.timeout.ms (KAFKA_PARTITIONER_AVAILABILITY_TIMEOUT_MS): ${unset}`,
    ],
  )
  const noRack = [
    'client.rack (KAFKA_CLIENT_RACK): expected the rack of this client for partitioner.rack.aware, got nothing.',
  ]
  assert.deepEqual(problemsWith({ partitionerRackAware: true }), noRack)
  for (const clientRack of ['', ' ', '\t'])
    assert.deepEqual(problemsWith({ partitionerRackAware: true, clientRack }), noRack, JSON.stringify(clientRack))
  assert.deepEqual(problemsWith({ partitionerRackAware: true, clientRack: 'a' }), [])
})

test('client.rack alone, as in a file that consumers share, is accepted with a warning', () => {
  const warnings: string[] = []
  parseConfig({ bootstrapServers: ['a:1', 'b:1'], clientRack: 'a' }, {}, text => warnings.push(text))
  assert.deepEqual(warnings, ['client.rack has no effect without partitioner.rack.aware.'])
})
