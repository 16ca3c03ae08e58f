// Creates one span per record, from its send to its outcome, through the OpenTelemetry API. Without an SDK in the
// process (from a Lambda layer or the user) it creates none. Names and attributes follow the semantic conventions for
// messaging:
// https://opentelemetry.io/docs/specs/semconv/messaging/kafka/
import {
  type Attributes,
  type Context,
  context,
  createTraceState,
  isSpanContextValid,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { errorName } from '../errors.ts'
import { headerList } from '../record/header-list.ts'
import type { ProducerRecord, ProducerRecordHeader } from '../record/producer-record.ts'
import { withHeaders } from '../record/record-id.ts'
import type { DeliveryReport } from './delivery-report.ts'

const TRACER = 'serverless-kafka-producer'
const TRACEPARENT = 'traceparent'
const TRACESTATE = 'tracestate'

export class SendSpans {
  /** The records to send. The `traceparent` of each names its own span. */
  readonly records: readonly ProducerRecord[]
  readonly #spans: readonly Span[]
  readonly #warn: (text: string) => void

  private constructor(records: readonly ProducerRecord[], spans: readonly Span[], warn: (text: string) => void) {
    this.records = records
    this.#spans = spans
    this.#warn = warn
  }

  /**
   * Starts the spans.
   * @param warn called if the SDK, or a span processor, throws; the records are sent nevertheless
   * @returns undefined if nobody records spans
   */
  static begin(
    records: readonly ProducerRecord[],
    clientId: string,
    warn: (text: string) => void,
  ): SendSpans | undefined {
    try {
      return SendSpans.#begin(records, clientId, warn)
    } catch (error) {
      warn(`A span could not be started (${errorName(error)}); the records are sent without spans.`)
      return undefined
    }
  }

  static #begin(
    records: readonly ProducerRecord[],
    clientId: string,
    warn: (text: string) => void,
  ): SendSpans | undefined {
    const provider = trace.getTracerProvider()
    // Only the API's placeholder, without an SDK behind it.
    if (provider instanceof ProxyTracerProvider && provider.getDelegateTracer(TRACER) === undefined) return undefined
    const spans: Span[] = []
    for (const record of records) {
      const parent = parentOf(record)
      const span = startSpan(record, parent, clientId)
      // The SDK belongs to another version of the API, or creates no spans: it returns the parent in place of a new
      // span.
      if (spans.length === 0 && !isNew(span, parent)) return undefined
      spans.push(span)
    }
    if (spans.length === 0) return undefined
    return new SendSpans(
      records.map((record, index) => withContext(record, (spans[index] as Span).spanContext())),
      spans,
      warn,
    )
  }

  /** Ends each span with the report of its record before the call resolves for its caller. */
  async endWith(call: Promise<DeliveryReport[]>): Promise<DeliveryReport[]> {
    let reports: DeliveryReport[] = []
    try {
      reports = await call
      return reports
    } finally {
      this.#end(reports)
    }
  }

  #end(reports: readonly DeliveryReport[]): void {
    try {
      for (const [index, span] of this.#spans.entries()) endSpan(span, reports[index])
    } catch (error) {
      this.#warn(`A span could not be ended (${errorName(error)}).`)
    }
  }
}

interface Parent {
  readonly context: Context
  readonly links: readonly { readonly context: SpanContext }[]
}

/**
 * The parent of a record's span. The span continues the record's trace: the invocation's span is its parent if it has
 * the same trace; otherwise it becomes a link.
 */
function parentOf(record: ProducerRecord): Parent {
  const current = context.active()
  const active = trace.getSpanContext(current)
  const ofRecord = contextOf(headersOf(record))
  if (ofRecord === undefined || ofRecord.traceId === active?.traceId) return { context: current, links: [] }
  return {
    context: trace.setSpanContext(ROOT_CONTEXT, ofRecord),
    links: active === undefined ? [] : [{ context: active }],
  }
}

function isNew(span: Span, parent: Parent): boolean {
  const created = span.spanContext()
  return isSpanContextValid(created) && created.spanId !== trace.getSpanContext(parent.context)?.spanId
}

function startSpan(record: ProducerRecord, { context: parent, links }: Parent, clientId: string): Span {
  const { topic, sourceId, value } = record ?? {}
  const attributes: Attributes = {
    'messaging.system': 'kafka',
    'messaging.operation.type': 'send',
    'messaging.operation.name': 'send',
    'messaging.destination.name': topic,
    'messaging.client.id': clientId,
  }
  if (sourceId !== undefined) attributes['messaging.message.id'] = sourceId
  if (value === null) attributes['messaging.kafka.message.tombstone'] = true
  return trace
    .getTracer(TRACER)
    .startSpan(`send ${topic}`, { kind: SpanKind.PRODUCER, attributes, links: [...links] }, parent)
}

function endSpan(span: Span, report: DeliveryReport | undefined): void {
  if (report?.kind === 'delivered') {
    const { partition, offset } = report.metadata
    span.setAttribute('messaging.destination.partition.id', String(partition))
    if (offset !== null) span.setAttribute('messaging.kafka.offset', Number(offset))
  } else {
    // Without a report, the call itself threw.
    span.setAttributes({
      'error.type': report?.code ?? 'unavailable',
      'kafka_producer.outcome': report?.outcome ?? 'not-sent',
    })
    const partition = report?.serialized?.partition
    if (partition !== undefined) span.setAttribute('messaging.destination.partition.id', String(partition))
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  if (report && report.attempts > 1) span.setAttribute('kafka_producer.attempts', report.attempts)
  span.end()
}

/** The headers of a record that is not validated yet, without what is not a header. */
function headersOf(record: ProducerRecord): readonly ProducerRecordHeader[] {
  const isHeader = (header: unknown): header is ProducerRecordHeader => Array.isArray(header)
  return headerList(record?.headers)?.filter(isHeader) ?? []
}

function contextOf(headers: readonly ProducerRecordHeader[]): SpanContext | undefined {
  const text = (name: string) => {
    const value = headers.find(([headerName]) => headerName === name)?.[1]
    const isBytes = typeof value === 'string' || value instanceof Uint8Array
    return isBytes ? Buffer.from(value).toString('latin1') : undefined
  }
  const [, traceId, spanId, flags] =
    /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text(TRACEPARENT) ?? '') ?? []
  if (traceId === undefined || spanId === undefined) return undefined
  const state = text(TRACESTATE)
  const spanContext: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags as string, 16) & 1,
    isRemote: true,
    ...(state ? { traceState: createTraceState(state) } : {}),
  }
  return isSpanContextValid(spanContext) ? spanContext : undefined
}

function withContext(record: ProducerRecord, { traceId, spanId, traceFlags, traceState }: SpanContext): ProducerRecord {
  // Stage 3 refuses these values, so they stay as they are.
  if (typeof record !== 'object' || record === null) return record
  const list = headerList(record.headers) as readonly ProducerRecordHeader[] | undefined
  if (!list) return record
  const others = list.filter(header => header?.[0] !== TRACEPARENT && header?.[0] !== TRACESTATE)
  const headers: ProducerRecordHeader[] = [
    ...others,
    [TRACEPARENT, Buffer.from(`00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`)],
  ]
  const state = traceState?.serialize()
  if (state) headers.push([TRACESTATE, Buffer.from(state)])
  return withHeaders(record, headers)
}
