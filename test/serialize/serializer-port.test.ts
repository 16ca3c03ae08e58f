// What a serializer may rely on, what its failures mean for the record, and who closes it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { gunzipSync } from 'node:zlib'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { DeliveryError, InvalidRecordError, SerializationError } from '../../lib/errors.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import type { RecordHeader } from '../../lib/record/producer-record.ts'
import type { Serializer, SerializerContext } from '../../lib/serialize/serializer.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { summaryOf } from '../support/producer-of.ts'
import { whenDone } from '../support/time.ts'

function producerWith(options: ProducerOptions) {
  const clock = new VirtualClock()
  const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock })
  const warnings: string[] = []
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1'], ...options }, {}), {
    client,
    clock,
    rules: { anyTopic: true, keyRequired: false },
    warn: text => warnings.push(text),
  })
  return { clock, client, producer, warnings }
}

test('a serializer gets the topic, its part of the record, and headers that it can’t change', async () => {
  const contexts: SerializerContext[] = []
  const serializer: Serializer<string> = {
    serialize: (data, context) => {
      contexts.push(context)
      assert.throws(() => (context.headers as RecordHeader[]).push(['x', null]), TypeError)
      return Buffer.from(data)
    },
  }
  const { clock, producer } = producerWith({ keySerializer: serializer, valueSerializer: serializer })
  await whenDone(clock, producer.send({ topic: 't', key: 'k', value: 'v', headers: [['h', 'x']] }))
  const seen = contexts.map(({ topic, isKey, headers }) => [topic, isKey, headers.map(([name]) => name).join()])
  assert.deepEqual(seen, [
    ['t', true, 'h'],
    ['t', false, 'h'],
  ])
})

test('a serializer that changes the headers of its context changes no record', async () => {
  const valueSerializer: Serializer<string> = {
    serialize: (data, { headers }) => {
      const [header] = headers as [string, Uint8Array][]
      assert.ok(header)
      assert.throws(() => {
        header[1] = Buffer.from('changed')
      }, TypeError)
      header[1].fill(0)
      return Buffer.from(data)
    },
  }
  const { clock, client, producer } = producerWith({ valueSerializer })
  await whenDone(clock, producer.send({ topic: 't', value: 'v', headers: [['h', 'own']] }))
  assert.equal(String(client.logs[0]?.records[0]?.headers[0]?.[1]), 'own')
})

test('headers of serializers obey the rules of the record’s own', async () => {
  for (const header of [
    ['a\ud800', 'x'],
    ['a', 'x\ud800'],
    ['a\0\n', 'x'],
    ['\u202ea', null],
    ['', 'x'],
  ] as const) {
    const valueSerializer = { serialize: () => ({ bytes: null, headers: [header] }) as never }
    const { clock, producer } = producerWith({ valueSerializer })
    const reports = await whenDone(clock, producer.sendAll([{ topic: 't', value: 'v' }]))
    assert.deepEqual(reports.map(summaryOf), ['not-sent:bad-header'])
  }
})

test('an error of another record that a serializer throws says not-sent of its own', async () => {
  const violations = [{ pointer: '/value', rule: 'x', expected: 'y' }]
  for (const [error, code] of [
    [new DeliveryError('quota', 'x', { outcome: 'unknown' }), 'quota'],
    [new DeliveryError('delivery-unknown', 'x', { outcome: 'unknown', retriable: false }), 'unavailable'],
    [new InvalidRecordError('schema', 'x', { outcome: 'rejected', causeCode: 'C', violations }), 'schema'],
  ] as const) {
    const { clock, producer } = producerWith({ valueSerializer: { serialize: () => Promise.reject(error) } })
    const [report] = await whenDone(clock, producer.sendAll([{ topic: 't', value: 'v' }]))
    assert.ok(report?.kind === 'failed')
    const { outcome, retriable, causeCode, cause, message } = report.error
    assert.deepEqual([summaryOf(report), outcome, message], [`not-sent:${code}`, 'not-sent', 'x'])
    assert.deepEqual([retriable, causeCode, cause], [error.retriable, error.causeCode, error])
    if (error instanceof InvalidRecordError)
      assert.deepEqual((report.error as InvalidRecordError).violations, error.violations)
  }
})

test('headers of serializers follow the record’s own, the key’s first, and count in its size', async () => {
  const adding = (name: string, headerBytes = Buffer.alloc(1)): Serializer<string> => ({
    serialize: async data => ({ bytes: Buffer.from(data), headers: [[name, headerBytes]] }),
  })
  const record = { topic: 't', key: 'k', value: 'v', headers: [['own', null]] as const }
  const { clock, client, producer } = producerWith({ keySerializer: adding('key'), valueSerializer: adding('value') })
  await whenDone(clock, producer.send(record))
  const names = client.logs[0]?.records.map(({ headers }) => headers.map(([name]) => name))
  assert.deepEqual(names, [['own', 'key', 'value']])

  const large = producerWith({
    valueSerializer: adding('value', Buffer.alloc(2000)),
    maxRequestSize: 3000,
    batchSize: 1000,
  })
  const reports = await whenDone(large.clock, large.producer.sendAll([record]))
  assert.deepEqual(reports.map(summaryOf), ['not-sent:record-too-large'])
})

test('what a serializer returns besides bytes is refused with its record', async () => {
  const results: Record<string, unknown> = {
    text: 'text',
    number: { bytes: 5, headers: [] },
    'no headers': { bytes: null },
    undefined: undefined,
  }
  const valueSerializer = { serialize: (data: string) => results[data] as never }
  const { clock, producer } = producerWith({ valueSerializer })
  const records = Object.keys(results).map(value => ({ topic: 't', value }))
  const reports = await whenDone(clock, producer.sendAll(records))
  assert.deepEqual(
    reports.map(summaryOf),
    records.map(() => 'not-sent:bad-value'),
  )
})

const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:8081'), { code: 'ECONNREFUSED' })
for (const [what, error, summary, message] of [
  [
    'says the record is wrong',
    new SerializationError('invalid-record', 'expected a room'),
    'bad-value',
    'expected a room',
  ],
  ['says the system failed', new SerializationError('delivery-failure', 'No answer.'), 'serializer', 'No answer'],
  ['was refused a connection', refused, 'serializer', 'value.serializer failed'],
  [
    'wraps a refused connection',
    new TypeError('fetch failed', { cause: refused }),
    'serializer',
    'value.serializer failed',
  ],
  ['was stopped by its signal', new DOMException('aborted', 'AbortError'), 'serializer', 'value.serializer failed'],
  ['throws anything else', new Error('{"secret":1}'), 'bad-value', 'value.serializer failed'],
] as const)
  test(`a serializer that ${what}: ${summary}, whether it throws or rejects`, async () => {
    for (const isLater of [false, true]) {
      const valueSerializer: Serializer<string> = {
        serialize: () => {
          if (isLater) return Promise.reject(error)
          throw error
        },
      }
      const { clock, producer } = producerWith({ valueSerializer })
      const [report] = await whenDone(clock, producer.sendAll([{ topic: 't', value: 'v' }]))
      assert.ok(report?.kind === 'failed')
      const isInvalid = summary === 'bad-value'
      assert.deepEqual(
        [summaryOf(report), report.failureKind, report.error.message],
        [`not-sent:${summary}`, isInvalid ? 'invalid-record' : 'delivery-failure', `value: ${message}.`],
      )
      assert.ok(report.error instanceof (isInvalid ? InvalidRecordError : DeliveryError))
      assert.deepEqual([report.error.cause, report.error.retriable], [error, !isInvalid])
    }
  })

for (const code of [
  ...['EMFILE', 'EAGAIN', 'EADDRNOTAVAIL', 'ENOENT', 'EACCES', 'EPERM', 'EPROTO', 'ECANCELED', 'ESOCKETTIMEDOUT'],
  ...['ECONNRESET', 'EHOSTUNREACH', 'ENETDOWN', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOTFOUND', 'UND_ERR_SOCKET'],
  ...[
    'CERT_HAS_EXPIRED',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ],
  ...['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_HTTP2_STREAM_ERROR', 'HPE_INVALID_CONSTANT'],
])
  test(`${code} in a serializer is no fault of the record, alone, as a cause and in an AggregateError`, async () => {
    const failure = Object.assign(new Error('x'), { code })
    for (const error of [
      failure,
      new Error('wrapped', { cause: failure }),
      new AggregateError([new Error('other'), failure]),
    ])
      assert.deepEqual(await summariesOf(error), ['not-sent:serializer'])
  })

test('a failed system call without a known code is no fault of the record; codes of other libraries are', async () => {
  assert.deepEqual(await summariesOf(Object.assign(new Error('x'), { code: 'ESERVFAIL', syscall: 'queryA' })), [
    'not-sent:serializer',
  ])
  assert.deepEqual(await summariesOf(Object.assign(new Error('x'), { errno: -5 })), ['not-sent:serializer'])
  const fetchFailed = new TypeError('fetch failed', { cause: new Error('bad port') })
  assert.deepEqual(await summariesOf(fetchFailed), ['not-sent:serializer'])
  for (const code of ['EVALIDATION', 'ERR_INVALID_ARG_TYPE', 'toString'])
    assert.deepEqual(await summariesOf(Object.assign(new Error('x'), { code })), ['not-sent:bad-value'])
  // The original bug: zlib's error number for wrong data equals ESRCH, so the record was returned to its source
  // forever.
  for (const own of [errorOf(() => gunzipSync(Buffer.from('no gzip'))), { errno: 1064, code: 'ER_PARSE_ERROR' }])
    assert.deepEqual(await summariesOf(Object.assign(new Error('x'), own)), ['not-sent:bad-value'])
  const cyclic = new AggregateError([], 'x')
  cyclic.errors.push(cyclic)
  assert.deepEqual(await summariesOf(cyclic), ['not-sent:bad-value'])
})

// A test runner that gives each test file a realm of its own, such as Jest, has Node's errors from another one.
test('an error of another realm counts as one of this realm does', async () => {
  const make = (text: string) => runInNewContext(text) as Error
  const refused = 'Object.assign(new Error("x"), { code: "ECONNREFUSED" })'
  assert.ok(!(make(refused) instanceof Error))
  assert.deepEqual(await summariesOf(make(refused)), ['not-sent:serializer'])
  assert.deepEqual(await summariesOf(make(`new Error('y', { cause: ${refused} })`)), ['not-sent:serializer'])
  assert.deepEqual(await summariesOf(make(`new AggregateError([${refused}])`)), ['not-sent:serializer'])
  assert.deepEqual(await summariesOf(make('new Error("x")')), ['not-sent:bad-value'])
})

function errorOf(work: () => unknown): object {
  try {
    work()
  } catch (error) {
    return error as object
  }
  return assert.fail('Expected an error.')
}

async function summariesOf(error: Error): Promise<string[]> {
  const { clock, producer } = producerWith({ valueSerializer: { serialize: () => Promise.reject(error) } })
  return (await whenDone(clock, producer.sendAll([{ topic: 't', value: 'v' }]))).map(summaryOf)
}

test('a serializer says whether a retry helps, what failed, and which part of the data is wrong', async () => {
  const errors: Record<string, SerializationError> = {
    denied: new SerializationError('delivery-failure', 'No rights.', { retriable: false, causeCode: 'HTTP_403' }),
    wrong: new SerializationError('invalid-record', 'No room.', {
      violations: [{ pointer: '/room', rule: 'avro', expected: 'a string' }],
    }),
  }
  const serialize = (data: string): Promise<Uint8Array> => Promise.reject(errors[data])
  const { clock, producer } = producerWith({ keySerializer: { serialize } })
  const reports = await whenDone(
    clock,
    producer.sendAll(['denied', 'wrong'].map(key => ({ topic: 't', key, value: 'v' }))),
  )
  const [denied, wrong] = reports.map(report => report.kind === 'failed' && report.error)
  assert.ok(denied instanceof DeliveryError && wrong instanceof InvalidRecordError)
  assert.deepEqual([denied.retriable, denied.causeCode, wrong.code], [false, 'HTTP_403', 'key-type'])
  assert.deepEqual(wrong.violations, [{ pointer: '/key/room', rule: 'avro', expected: 'a string' }])
})

test('the signal is aborted at the record’s deadline, unless the record was delivered before', async () => {
  const signals = new Map<string, AbortSignal>()
  const valueSerializer: Serializer<string> = {
    serialize: (data, { signal }) => {
      signals.set(data, signal)
      return data === 'slow' ? new Promise(() => {}) : Buffer.from(data)
    },
  }
  const { clock, producer } = producerWith({ valueSerializer })
  await whenDone(clock, producer.sendAll([{ topic: 'a', value: 'quick' }]))
  const slow = producer.sendAll([{ topic: 'a', value: 'slow' }], Deadline.after(clock, 300))
  await clock.advance(290)
  assert.equal(signals.get('slow')?.aborted, false)
  await whenDone(clock, slow)
  await clock.advance(400_000)
  assert.deepEqual([signals.get('slow')?.aborted, signals.get('quick')?.aborted], [true, false])
  assert.equal(signals.get('slow')?.reason.code, 'deadline')
})

// The original bug: the value's serializer kept waiting without a deadline, so the process did not exit.
test('the signal is aborted when the record fails by its other part', async () => {
  const signals: AbortSignal[] = []
  const keySerializer: Serializer<string> = { serialize: () => Promise.reject(new Error('no key')) }
  const valueSerializer: Serializer<string> = {
    serialize: (_data, { signal }) => {
      signals.push(signal)
      return new Promise(() => {})
    },
  }
  const { clock, producer } = producerWith({ keySerializer, valueSerializer })
  const reports = await whenDone(clock, producer.sendAll([{ topic: 't', key: 'k', value: 'v' }]))
  assert.deepEqual(reports.map(summaryOf), ['not-sent:key-type'])
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true],
  )
})

test('the signal is aborted when close stops waiting', async () => {
  let signal: AbortSignal | undefined
  const valueSerializer: Serializer<string> = {
    serialize: (_data, context) => {
      signal = context.signal
      return new Promise((_resolve, reject) =>
        context.signal.addEventListener('abort', () => reject(context.signal.reason)),
      )
    },
  }
  const { clock, producer } = producerWith({ valueSerializer })
  const sending = producer.sendAll([{ topic: 't', value: 'v' }])
  await whenDone(clock, producer.close({ timeoutMs: 100 }))
  assert.deepEqual((await sending).map(summaryOf), ['not-sent:unavailable'])
  assert.equal(signal?.aborted, true)
})

/** Counts the calls of close, and what its records had become by then. */
function closable(close: () => void | Promise<void> = () => {}) {
  const instances: { closed: number }[] = []
  class Closable implements Serializer<string> {
    closed = 0
    constructor() {
      instances.push(this)
    }
    serialize(data: string) {
      return Buffer.from(data)
    }
    close() {
      this.closed++
      return close()
    }
  }
  return { Closable, instances }
}

test('the producer closes the serializers that it created, once, after its records; no others', async () => {
  const { Closable, instances } = closable()
  const given = new Closable()
  const classes = producerWith({ keySerializer: Closable, valueSerializer: Closable })
  const sending = classes.producer.sendAll([{ topic: 't', key: 'k', value: 'v' }])
  assert.deepEqual(
    instances.map(({ closed }) => closed),
    [0, 0, 0],
  )
  await whenDone(classes.clock, classes.producer.close())
  await whenDone(classes.clock, classes.producer.close())
  assert.deepEqual((await sending).map(summaryOf), ['delivered'])
  const instance = producerWith({ keySerializer: given, valueSerializer: given })
  await whenDone(instance.clock, instance.producer.close())
  assert.deepEqual([given.closed, ...instances.slice(1).map(({ closed }) => closed)], [0, 1, 1])
})

test('a serializer whose close fails or never ends costs a warning; close ends in time', async () => {
  for (const [close, warning] of [
    [() => Promise.reject(new RangeError('secret')), 'A serializer could not be closed (RangeError).'],
    [() => new Promise<void>(() => {}), 'A serializer is still closing; the producer no longer waits for it.'],
  ] as const) {
    const { clock, producer, warnings } = producerWith({ valueSerializer: closable(close).Closable })
    await whenDone(clock, producer.close({ timeoutMs: 700 }))
    assert.deepEqual(warnings, [warning])
  }
})

test('a key serializer that was created is closed when that of the value can’t be had', () => {
  const { Closable, instances } = closable()
  assert.throws(() => producerWith({ keySerializer: Closable, valueSerializer: './nowhere.js' }), /value\.serializer/)
  assert.deepEqual(
    instances.map(({ closed }) => closed),
    [1],
  )
})
