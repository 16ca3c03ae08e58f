// Every parser of untrusted input: any input gives a result or a typed error, and no input takes long. 500 runs here,
// 100,000 with `npm run fuzz`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toRecords } from '../../functions/http/dialects/native/to-records.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { SETTINGS } from '../../lib/config/settings.ts'
import { readKafkaEvent } from '../../lib/consumer/kafka-event.ts'
import { loadContracts } from '../../lib/contracts/load-contracts.ts'
import { recordOf } from '../../lib/dead-letter/dead-letter.ts'
import { BufferSource, readSegment } from '../../lib/dead-letter/disk/read-segment.ts'
import { readDeadLetter } from '../../lib/dead-letter/read-dead-letter.ts'
import { readMessage } from '../../lib/dead-letter/sqs/read-message.ts'
import { ConfigError, InvalidRecordError, KafkaProducerError } from '../../lib/errors.ts'
import { parseEventBridgeEvents } from '../../lib/lambda/eventbridge-event.ts'
import { type HttpRequest, parseHttpEvent } from '../../lib/lambda/http-event.ts'
import { parseSqsEvent } from '../../lib/lambda/sqs-event.ts'
import { traceparentOf } from '../../lib/lambda/traceparent.ts'
import { parseRedriveRequest } from '../../lib/redrive/redrive-request.ts'
import { createSourceMessageReader } from '../../lib/redrive/source-messages.ts'
import { FrameReader } from '../../lib/transport/frame-reader.ts'
import { PRODUCE_V8 } from '../../lib/transport/produce/produce-fixed.ts'
import { validateRecord } from '../../lib/validate/record-validator.ts'
import { decodeRecordSet } from '../../lib/wire-format/record-batch-decoder.ts'
import { contractsOf } from '../support/contracts.ts'
import { deadLetterOf } from '../support/dead-letter.ts'

const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 500)
const contracts = await loadContracts()

/** The only errors that a parser may throw. */
function typed(error: unknown): void {
  assert.ok(
    error instanceof KafkaProducerError || error instanceof InvalidRecordError || error instanceof ConfigError,
    `an untyped error: ${String(error)}`,
  )
}

function holds(parse: () => unknown): void {
  try {
    parse()
  } catch (error) {
    typed(error)
  }
}

/** JSON of every shape, mixed with the names that parsers look for. */
function jsonWith(...names: string[]): fc.Arbitrary<unknown> {
  const name = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...names, '__proto__', 'constructor', 'toString') },
    fc.string({ maxLength: 5 }),
  )
  const { value } = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 0, -1, 2 ** 53, '', '\u0000', '\ud800'),
      fc.string(),
      fc.double(),
      fc.array(tie('value'), { maxLength: 4 }),
      tie('object'),
    ),
    object: fc.dictionary(name, tie('value'), { maxKeys: 6 }),
  }))
  return value
}

const record = jsonWith(
  'records',
  'key',
  'value',
  'headers',
  'partition',
  'timestamp',
  'name',
  'base64',
  'room',
  'user',
  'text',
)
const text = fc.oneof(
  record.map(value => JSON.stringify(value) ?? ''),
  fc.string({ unit: 'binary' }),
)

test('any HTTP body gives records or a typed error', () => {
  const request = fc.record({
    body: text,
    topic: fc.oneof(fc.constantFrom('chat', 'earthquakes'), fc.string()),
    key: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
  })
  fc.assert(
    fc.property(request, ({ body, topic, key }) => {
      const http: HttpRequest = {
        kind: 'apigw-v2',
        method: 'POST',
        path: `/topics/${topic}`,
        routePath: undefined,
        stage: undefined,
        principal: undefined,
        pathParameters: {},
        headers: {
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'idempotency-key': key, traceparent: key }),
        },
        body: Buffer.from(body),
        requestId: 'r',
      }
      holds(() => {
        for (const { record: input, error } of toRecords(http, topic, 'r', contracts)) {
          if (error) typed(error)
          else holds(() => validateRecord(input, { contracts }))
        }
      })
    }),
    { numRuns },
  )
})

test('any HTTP event gives a request or a typed error', () => {
  const event = jsonWith(
    'version',
    '2.0',
    'rawPath',
    'requestContext',
    'http',
    'method',
    'headers',
    'multiValueHeaders',
    'body',
    'isBase64Encoded',
    'httpMethod',
    'path',
    'resource',
    'elb',
    'stage',
  )
  fc.assert(
    fc.property(event, input => holds(() => parseHttpEvent(input))),
    { numRuns },
  )
})

const wrappingContracts = contractsOf([
  {
    topic: 'fan-out',
    json: { key: { required: false }, from: { sqs: [{ queue: 'fan-out', unwrap: ['sns', 's3'] }] } },
  },
  {
    topic: 'bus',
    json: { key: { required: false }, from: { sqs: [{ queue: 'bus', unwrap: ['sns', 'eventbridge'] }] } },
  },
])
const allContracts = new Map([...contracts, ...wrappingContracts])

test('any SQS batch and wrapped body gives records or a typed error', () => {
  const wrapped = jsonWith(
    'Type',
    'Notification',
    'TopicArn',
    'Message',
    'MessageAttributes',
    'Records',
    'Event',
    's3:TestEvent',
    'SubscriptionConfirmation',
    'Token',
    's3',
    'object',
    'key',
    'source',
    'detail-type',
    'detail',
  ).map(value => JSON.stringify(value) ?? '')
  const notification = wrapped.map(Message => JSON.stringify({ Type: 'Notification', TopicArn: 't', Message }))
  const message = fc.record(
    {
      messageId: fc.string({ maxLength: 3 }),
      body: fc.oneof(wrapped, notification, text),
      eventSourceARN: fc.constantFrom(
        'arn:aws:sqs:us-east-1:0:earthquakes',
        'arn:aws:sqs:us-east-1:0:chat.fifo',
        'arn:aws:sqs:us-east-1:0:fan-out',
        'arn:aws:sqs:us-east-1:0:bus',
        'arn:aws:sqs:us-east-1:0:nobody',
        '',
      ),
      attributes: fc.record(
        { MessageGroupId: fc.string(), ApproximateReceiveCount: fc.string(), AWSTraceHeader: fc.string() },
        { requiredKeys: [] },
      ),
      messageAttributes: fc.dictionary(
        fc.string(),
        fc.record({ dataType: fc.constantFrom('String', 'Binary', 'Number.x'), stringValue: fc.string() }),
      ),
    },
    { requiredKeys: ['messageId', 'body', 'eventSourceARN'] },
  )
  const messages = fc.array(message, { maxLength: 5 })
  fc.assert(
    fc.property(fc.oneof(fc.record({ Records: messages }), messages, jsonWith('Records')), event =>
      holds(() => {
        for (const { records, ignored } of parseSqsEvent(event, allContracts)) {
          assert.equal(records.length === 0, ignored !== undefined, 'a message ends as records or is counted')
          for (const { error } of records) if (error) typed(error)
        }
      }),
    ),
    { numRuns },
  )
})

test('any event of a Kafka trigger gives records or a typed error', () => {
  const records = jsonWith('topic', 'partition', 'offset', 'timestamp', 'key', 'value', 'headers', 'kp-id')
  const entry = fc.record(
    { topic: fc.string(), partition: fc.nat(), offset: fc.nat(), headers: fc.oneof(records, fc.array(records)) },
    { requiredKeys: [] },
  )
  const event = fc.record({
    eventSource: fc.constantFrom('aws:kafka', 'SelfManagedKafka', 'aws:sqs'),
    records: fc.oneof(records, fc.dictionary(fc.string(), fc.array(fc.oneof(entry, records)))),
  })
  fc.assert(
    fc.property(fc.oneof(event, records), input => holds(() => readKafkaEvent(input))),
    { numRuns },
  )
})

test('any EventBridge event, and any message of a source DLQ, gives records or a typed error', () => {
  const event = jsonWith(
    'id',
    'source',
    'detail-type',
    'detail',
    'time',
    'usgs.earthquakes',
    'Earthquake',
    'requestPayload',
    'requestContext',
    'requestId',
    'Records',
  )
  const reader = createSourceMessageReader(contracts, { defaultTopic: undefined, maxRequestSize: 1_000_000 })
  fc.assert(
    fc.property(event, fc.boolean(), (input, fromQueue) => {
      holds(() => parseEventBridgeEvents(input, 'r', { contracts }))
      const body = JSON.stringify(input) ?? ''
      const message = { messageId: 'm', body, attributes: {}, messageAttributes: {} }
      holds(() =>
        reader.read(
          message,
          fromQueue ? { kind: 'source-dlq', sourceQueue: 'earthquakes' } : { kind: 'failure-destination' },
        ),
      )
      for (const kind of ['sqs', 'source-dlq', 'failure-destination'] as const) readMessage(message, { kind }, reader)
      readMessage(message, { kind: 'failure-destination', lambda: { name: 'f' } }, reader)
    }),
    { numRuns },
  )
})

test('dead letters: every one that is read can be sent, whoever wrote it', () => {
  const deadLetter = jsonWith(
    'schemaVersion',
    'deadLetterId',
    'recordId',
    'record',
    'failure',
    'source',
    'redrive',
    'claimCheck',
    'inDoubt',
  )
  const good = deadLetterOf('id', 'v')
  const broken = fc
    .tuple(
      fc.constantFrom(...Object.keys(good), 'record.headers', 'record.key', 'failure.lastAt', 'inDoubt.from'),
      deadLetter,
    )
    .map(([path, value]) => {
      const copy = structuredClone(good) as unknown as Record<string, Record<string, unknown>>
      const [first = '', second] = path.split('.')
      if (second === undefined) return { ...copy, [first]: value }
      return { ...copy, [first]: { ...copy[first], [second]: value } }
    })
  fc.assert(
    fc.property(fc.oneof(deadLetter, broken), input => {
      const read = readDeadLetter(JSON.stringify(input) ?? '')
      if (read) recordOf(read)
    }),
    { numRuns },
  )
  assert.deepEqual(readDeadLetter(JSON.stringify(good)), good)
})

test('any settings give a configuration or a ConfigError', () => {
  const name = fc.constantFrom(...Object.values(SETTINGS).map(({ env }) => env))
  fc.assert(
    fc.property(
      fc.dictionary(
        name,
        fc.oneof(
          fc.string(),
          fc.constantFrom('true', 'all', '0', '-1', '1e9', 'a:1,b:2', 'sqs:x', 'kafka:', 'disk:/a,disk:/a', '%'),
        ),
      ),
      env => holds(() => parseConfig({}, env)),
    ),
    { numRuns },
  )
})

test('any redrive request, contract and trace header is parsed or refused', () => {
  fc.assert(
    fc.property(
      jsonWith('from', 'topic', 'since', 'limit', 'rate', 'dryRun', 'timestamp', 'disk:/a', 'detail-type'),
      input => holds(() => parseRedriveRequest(input)),
    ),
    { numRuns },
  )
  fc.assert(
    fc.property(
      jsonWith(
        'key',
        'value',
        'from',
        'required',
        'format',
        'limits',
        'headers',
        'http',
        'sqs',
        'queue',
        'eventbridge',
        'source',
      ),
      json => {
        try {
          contractsOf([{ topic: 'x', json: json as never }])
        } catch (error) {
          // Build errors are for people: plain errors that name the contract.
          assert.match((error as Error).message, /x/)
        }
      },
    ),
    { numRuns },
  )
  fc.assert(
    fc.property(fc.string(), fc.string(), (input, aws) =>
      assert.match(traceparentOf(input, aws), /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/),
    ),
    { numRuns },
  )
})

test('any segment and record set is read without an unexpected error', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async bytes => {
      for (const format of ['seg', 'seg2'] as const) {
        const items = await Array.fromAsync(readSegment(new BufferSource(Buffer.from(bytes)), format))
        assert.ok(items.length <= 300)
      }
      holds(() => Array.from(decodeRecordSet(Buffer.from(bytes))))
    }),
    { numRuns },
  )
})

test('any bytes from a peer give frames and Produce responses, or a typed error', () => {
  const count = fc.constantFrom([0, 0, 0, 1], [0, 0, 0, 2], [127, 255, 255, 255], [255, 255, 255, 255])
  const bytes = fc.array(fc.oneof(count, fc.array(fc.nat({ max: 255 }), { maxLength: 30 })), { maxLength: 12 })
  fc.assert(
    fc.property(bytes, parts => {
      const input = Buffer.from(parts.flat())
      holds(() => new FrameReader().push(input, frame => holds(() => PRODUCE_V8.decode(frame))))
      holds(() => PRODUCE_V8.decode(input))
    }),
    { numRuns },
  )
})
