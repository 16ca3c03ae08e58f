// Bad inputs for each trigger and parser.
import { gzipSync } from 'node:zlib'
import { SECRET, VALUES } from './bad-values.ts'
import { sqsMessage, v2Event } from './function-harness.ts'
import { type BadInputResult, direct, eventBridge, http, httpEvent, sqs } from './surfaces.ts'

export interface BadInput {
  readonly surface: string
  readonly name: string
  readonly run: () => Promise<BadInputResult>
}

const inQueue = (queue: string, wrap: (value: string) => string) => (value: string) =>
  sqs({ Records: [sqsMessage(queue, wrap(value))] })
const busText = (detail: string) => `{"id":"e","source":"shop","detail-type":"t","detail":${detail}}`
const TEST_EVENT = '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}'
const notification = (Message: string, Type = 'Notification') =>
  JSON.stringify({ Type, TopicArn: 'arn:aws:sns:eu-west-1:1:t', Token: 'T', SubscribeURL: 'https://t', Message })

type Door = (value: string) => Promise<BadInputResult>

/** Surfaces that get a value as text. */
const TEXT_DOORS: Readonly<Record<string, Door>> = {
  HTTP: value => http({ body: `{"value":${value}}` }),
  SQS: inQueue('plain', value => value),
  'SNS in SQS': inQueue('sns', value => notification(value)),
  'S3 in SQS': inQueue('s3', value => `{"Records":[${value}]}`),
  'EventBridge in SQS': inQueue('bus', busText),
  'Pipes, queue': value => sqs([sqsMessage('plain', value)]),
  program: value => direct({ topic: 'chat', value: Buffer.from(value) }),
}

/** Surfaces whose events Lambda parses before. */
const PARSED_DOORS: Readonly<Record<string, Door>> = {
  EventBridge: value => eventBridge(JSON.parse(busText(value))),
  'Pipes, events': value => eventBridge([JSON.parse(busText(value))]),
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const good = `{"room":"${SECRET}"}`
const record = (fields: string) => ({ body: `{"value":${good},${fields}}` })
const event = { id: 'e', source: 'shop', 'detail-type': 't' }
const attribute = (name: string, value: object) => sqsMessage('plain', good, { messageAttributes: { [name]: value } })

const OWN: Readonly<Record<string, readonly [name: string, run: () => Promise<BadInputResult>][]>> = {
  HTTP: [
    ['a topic without a contract', () => http({ body: good, path: '/topics/other' })],
    ['another method', () => http({ body: '', method: 'PUT' })],
    ['another media type', () => http({ body: good, headers: { 'content-type': 'text/plain' } })],
    ['another content encoding', () => http({ body: good, headers: { 'content-encoding': 'br' } })],
    ['a gzip bomb', () => http({ body: gzipSync(Buffer.alloc(5e7, ' ')), headers: { 'content-encoding': 'gzip' } })],
    ['bytes that are not UTF-8', () => http({ body: Buffer.from([0x7b, 0xff, 0x7d]) })],
    ['more than 5 MiB', () => http({ body: `{"value":"${'x'.repeat(5_300_000)}"}` })],
    ['2,600,000 levels', () => http({ body: `{"value":${'['.repeat(2_600_000)}` })],
    ['a list of no record', () => http({ body: '{"records":[]}' })],
    ['501 records', () => http({ body: `{"records":[${Array(501).fill('{"value":{}}').join()}]}` })],
    ['no value', () => http({ body: '{"key":"k"}' })],
    ['a field that is not defined', () => http(record('"topic":"chat"'))],
    ['a field twice', () => http(record(`"value":${good}`))],
    ['a key of 1.5', () => http(record('"key":1.5'))],
    ['another key than that in the value', () => http(record('"key":"k"'))],
    ['10,000 headers', () => http(record(`"headers":[${Array(1e4).fill('{"name":"n","value":""}').join()}]`))],
    ['a line break in the name of a header', () => http(record(String.raw`"headers":{"a\nb":""}`))],
    ['a header `kp-…`', () => http(record('"headers":{"kp-id":""}'))],
    ['an invalid `traceparent`', () => http(record('"headers":{"traceparent":"00-1"}'))],
    ['a partition of 1.0', () => http(record('"partition":1.0'))],
    ['a partition that does not exist', () => http(record('"partition":99'))],
    ['a timestamp of -1', () => http(record('"timestamp":-1'))],
    [
      'the same record twice under one `Idempotency-Key`',
      () => http({ body: `{"records":[{"value":${good}},{"value":${good}}]}`, headers: { 'idempotency-key': 'k' } }),
    ],
    ['an empty `Idempotency-Key`', () => http({ body: `{"value":${good}}`, headers: { 'idempotency-key': '' } })],
    ['an event of another service', () => httpEvent({ Records: [sqsMessage('plain', good)] })],
  ],
  SQS: [
    ['a queue without a contract', () => sqs({ Records: [sqsMessage('other', good)] })],
    ['an attribute `kp-…`', () => sqs({ Records: [attribute('kp-x', { dataType: 'String', stringValue: SECRET })] })],
    ['an attribute without a type', () => sqs({ Records: [attribute('a', { stringValue: SECRET })] })],
    ['a message without a body', () => sqs({ Records: [sqsMessage('plain', good), sqsMessage('plain', undefined)] })],
    ['an event of another service', () => sqs({ Records: [{ s3: SECRET }] })],
    ['a request over HTTP', () => sqs(v2Event('POST', '/topics/chat', Buffer.from(good), {}))],
    ['a warm-up ping', () => sqs({ source: 'serverless-plugin-warmup' })],
  ],
  'SNS in SQS': [
    ['a confirmation', () => inQueue('sns', text => notification(text, 'SubscriptionConfirmation'))(SECRET)],
    ['no envelope, which is raw delivery', () => inQueue('sns', text => text)(SECRET)],
  ],
  'S3 in SQS': [
    ['`s3:TestEvent`', () => inQueue('s3', text => text)(TEST_EVENT)],
    ['no `Records`', () => inQueue('s3', text => text)(good)],
    ['`Records` without a record', () => inQueue('s3', text => text)('{"Records":[]}')],
  ],
  'EventBridge in SQS': [['no event', () => inQueue('bus', text => text)(good)]],
  EventBridge: [
    ['no `detail`', () => eventBridge({ ...event, other: SECRET })],
    ['a source without a contract', () => eventBridge({ ...event, source: 'other', detail: SECRET })],
    ['null', () => eventBridge(null)],
    ['a batch of SQS', () => eventBridge({ Records: [sqsMessage('plain', good)] })],
    ['a request over HTTP', () => eventBridge(v2Event('POST', '/topics/chat', Buffer.from(good), {}))],
  ],
  'Pipes, queue': [['a list of something else', () => sqs([{ value: SECRET }])]],
  'Pipes, events': [
    ['an event without `detail` beside a good one', () => eventBridge([{ ...event, detail: { room: 'r' } }, event])],
  ],
  program: [
    ['no record', () => direct(null)],
    ['a topic without a contract', () => direct({ topic: 'other', value: good })],
    ['no value', () => direct({ topic: 'chat' })],
    ['a promise as value', () => direct({ topic: 'chat', value: Promise.resolve(SECRET) })],
    ['an object that refers to itself', () => direct({ topic: 'chat', value: circular() })],
    ['an object of 101 levels', () => direct({ topic: 'chat', value: { room: SECRET, deep: nestedList(100) } })],
    ['an object of 100,000 levels', () => direct({ topic: 'chat', value: { room: SECRET, deep: nestedList(1e5) } })],
    ['a BigInt in an object', () => direct({ topic: 'chat', value: { room: SECRET, other: 1n } })],
    ['a header that is not a pair', () => direct({ topic: 'chat', value: { room: SECRET }, headers: ['a'] })],
    ['a partition of -1', () => direct({ topic: 'chat', value: { room: SECRET }, partition: -1 })],
    ['a timestamp of NaN', () => direct({ topic: 'chat', value: { room: SECRET }, timestamp: Number.NaN })],
  ],
}

function nestedList(levels: number): unknown {
  let list: unknown[] = []
  for (let level = 1; level < levels; level++) list = [list]
  return list
}

function circular(): object {
  const value: Record<string, unknown> = { room: SECRET }
  value.self = value
  return value
}

function inputsOf(doors: Readonly<Record<string, Door>>, values: typeof VALUES): BadInput[] {
  return Object.entries(doors).flatMap(([surface, send]) =>
    values.map(([name, value]) => ({ surface, name, run: () => send(value) })),
  )
}

/** The same values at every surface. */
export const BAD_VALUES: readonly BadInput[] = [
  ...inputsOf(TEXT_DOORS, VALUES),
  ...inputsOf(
    PARSED_DOORS,
    VALUES.filter(([, value]) => isJson(value)),
  ),
]

/** What only one surface can get. */
export const OTHER_INPUTS: readonly BadInput[] = Object.entries(OWN).flatMap(([surface, inputs]) =>
  inputs.map(([name, run]) => ({ surface, name, run })),
)
