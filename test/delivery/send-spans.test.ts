// Spans with a real SDK in memory; the records go to scripted brokers.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SamplingDecision,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { type Attempt, type PartitionLog, ScriptedKafkaClient } from '../../lib/testing/index.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { deadlineIn } from '../support/time.ts'

const exporter = new InMemorySpanExporter()
let sampled = true
const sampler = {
  shouldSample: () => ({ decision: sampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD }),
  toString: () => 'switch',
}
const provider = new BasicTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(exporter)] })

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const CALLER = `00-${TRACE}-00f067aa0ba902b7-01`

before(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(provider)
})
after(() => {
  trace.disable()
  context.disable()
})
beforeEach(() => {
  exporter.reset()
  sampled = true
})

async function sending(
  script: readonly Attempt[],
  send: (producer: KafkaProducer) => Promise<unknown>,
): Promise<readonly ProducerRecordHeaders[]> {
  const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock, script })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: 'b:9092', clientId: 'tests', retries: 0 }, {}), {
    client,
  })
  await send(producer)
  await producer.close()
  return (client.logs[0] as PartitionLog).records.map(({ headers }) => headers)
}

type ProducerRecordHeaders = PartitionLog['records'][number]['headers']

const record = (fields: Partial<ProducerRecord> = {}): ProducerRecord => ({
  topic: 'chat',
  key: 'k',
  value: 'v',
  sourceId: 'm-1',
  ...fields,
})
const caller = (traceparent = CALLER): ProducerRecord =>
  record({ headers: [['traceparent', Buffer.from(traceparent)]] })
const only = () => {
  const spans = exporter.getFinishedSpans()
  assert.equal(spans.length, 1)
  return spans[0] as (typeof spans)[number]
}
const traceparentOf = (headers: ProducerRecordHeaders | undefined) =>
  headers?.filter(([name]) => name === 'traceparent').map(([, value]) => String(value))

test('a delivered record has a span in the caller’s trace, and carries the span’s context', async () => {
  const [headers] = await sending([], producer => producer.send(caller()))
  const span = only()
  const { spanId } = span.spanContext()
  assert.equal(span.name, 'send chat')
  assert.equal(span.kind, SpanKind.PRODUCER)
  assert.equal(span.parentSpanContext?.spanId, '00f067aa0ba902b7')
  assert.deepEqual(traceparentOf(headers), [`00-${TRACE}-${spanId}-01`])
  assert.deepEqual(span.attributes, {
    'messaging.system': 'kafka',
    'messaging.operation.type': 'send',
    'messaging.operation.name': 'send',
    'messaging.destination.name': 'chat',
    'messaging.client.id': 'tests',
    'messaging.message.id': 'm-1',
    'messaging.destination.partition.id': '0',
    'messaging.kafka.offset': 0,
  })
  assert.equal(span.status.code, SpanStatusCode.UNSET)
})

test('the invocation’s span is the parent in the same trace, and a link from another trace', async () => {
  const invocation = provider.getTracer('t').startSpan('invocation')
  const { traceId, spanId } = invocation.spanContext()
  await context.with(trace.setSpan(context.active(), invocation), () =>
    sending([], producer => producer.sendAll([caller(`00-${traceId}-00f067aa0ba902b7-01`), caller(), record()])),
  )
  const [same, other, bare] = exporter.getFinishedSpans()
  assert.equal(same?.parentSpanContext?.spanId, spanId)
  assert.deepEqual(same?.links, [])
  assert.equal(other?.spanContext().traceId, TRACE)
  assert.equal(other?.links[0]?.context.spanId, spanId)
  assert.equal(bare?.parentSpanContext?.spanId, spanId)
})

test('the span of a failed record has its code and outcome, but no message and no payload', async () => {
  await sending(['lose-answer'], producer => producer.sendAll([record({ value: 'secret' })], deadlineIn(200)))
  const span = only()
  assert.equal(span.status.code, SpanStatusCode.ERROR)
  assert.equal(span.attributes['error.type'], 'delivery-unknown')
  assert.equal(span.attributes['kafka_producer.outcome'], 'unknown')
  assert.ok(!JSON.stringify([span.attributes, span.events, span.status]).includes('secret'))
})

test('every record has its span, invalid ones too', async () => {
  await sending([], producer => producer.sendAll([record({ partition: -1 }), record({ value: null })]))
  const [refused, tombstone] = exporter.getFinishedSpans()
  assert.equal(refused?.attributes['error.type'], 'bad-partition')
  assert.equal(tombstone?.attributes['messaging.kafka.message.tombstone'], true)
})

test('a span that is not sampled is not recorded, and its trace is continued', async () => {
  sampled = false
  const [headers] = await sending([], producer => producer.send(caller()))
  assert.deepEqual(exporter.getFinishedSpans(), [])
  assert.match(traceparentOf(headers)?.[0] ?? '', new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`))
})

test('a traceparent as text is the parent too', async () => {
  await sending([], producer => producer.send(record({ headers: [['traceparent', CALLER]] })))
  assert.equal(only().parentSpanContext?.spanId, '00f067aa0ba902b7')
})

test('a call without records has no spans and no reports', async () => {
  await sending([], async producer => assert.deepEqual(await producer.sendAll([]), []))
  assert.deepEqual(exporter.getFinishedSpans(), [])
})

test('without an SDK the record is sent unchanged', async () => {
  trace.disable()
  try {
    const [headers] = await sending([], producer => producer.send(caller()))
    assert.deepEqual(traceparentOf(headers), [CALLER])
  } finally {
    trace.setGlobalTracerProvider(provider)
  }
})

// The original bug: without an SDK the record was delivered; with one it was invalid and became a dead letter.
test('a record that is an instance of a class with accessors is sent whole', async () => {
  class Message {
    readonly #text: string
    readonly headers = [['h', 'x']] as const
    constructor(text: string) {
      this.#text = text
    }
    get topic() {
      return 'chat'
    }
    get key() {
      return 'k'
    }
    get value() {
      return this.#text
    }
  }
  let kinds: string[] = []
  const [headers] = await sending([], async producer => {
    kinds = (await producer.sendAll([new Message('v')])).map(({ kind }) => kind)
  })
  assert.deepEqual(kinds, ['delivered'])
  assert.deepEqual(
    headers?.map(([name]) => name),
    ['h', 'traceparent'],
  )
})

test('records of the wrong form, and a span processor that throws, cost no record', async () => {
  const warnings: string[] = []
  const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: 'b:9092' }, {}), {
    client,
    warn: text => warnings.push(text),
  })
  const wrong = [null, { ...record(), headers: 'h' }, { ...record(), headers: [null, ['h', 5]] }] as never[]
  const kinds = async () => (await producer.sendAll([record(), ...wrong])).map(({ kind }) => kind)
  assert.deepEqual(await kinds(), ['delivered', 'failed', 'failed', 'failed'])
  assert.equal(exporter.getFinishedSpans().length, 4)

  for (const method of ['onStart', 'onEnd'] as const) {
    const processor = new SimpleSpanProcessor(exporter)
    processor[method] = () => {
      throw new TypeError('secret')
    }
    trace.disable()
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }))
    assert.deepEqual(await kinds(), ['delivered', 'failed', 'failed', 'failed'])
  }
  trace.disable()
  trace.setGlobalTracerProvider(provider)
  assert.deepEqual(warnings, [
    'A span could not be started (TypeError); the records are sent without spans.',
    'A span could not be ended (TypeError).',
  ])
})
