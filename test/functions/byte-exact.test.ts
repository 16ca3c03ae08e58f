// The bytes in Kafka are the text of the source, for every trigger that gets the text. EventBridge does not: Lambda
// parses the event before the function gets it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { handleEventBridge } from '../../functions/eventbridge/handle-eventbridge.ts'
import { toRecords } from '../../functions/http/dialects/native/to-records.ts'
import { handleHttp } from '../../functions/http/handle-http.ts'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { parseHttpEvent } from '../../lib/lambda/http-event.ts'
import { contractsOf } from '../support/contracts.ts'
import { functionHarness, httpHarness, recordsOf, v2Event } from '../support/function-harness.ts'

const contracts = contractsOf([
  {
    topic: 'open',
    json: {
      key: { from: ['record', 'value:/id', 'value:/ids/1', 'event:/detail/id', 'value:/ids/length'], required: false },
      from: {
        sqs: [
          { queue: 'plain' },
          { queue: 'bus', unwrap: 'eventbridge' },
          { queue: 'bus-whole', unwrap: 'eventbridge', value: 'event' },
          { queue: 's3', unwrap: 's3' },
          { queue: 'sns', unwrap: 'sns' },
        ],
        eventbridge: [{ source: ['shop'] }, { source: ['whole'], value: 'event' }],
      },
    },
  },
  {
    topic: 'strict',
    json: {
      key: { from: ['value:/id'], required: false },
      value: { schema: { type: 'object', properties: { id: { type: 'integer' } } } },
      from: { sqs: [{ queue: 'strict' }] },
    },
  },
])

const sqsEvent = (queue: string, body: string) => ({
  Records: [
    {
      messageId: 'm-1',
      body,
      eventSourceARN: `arn:aws:sqs:eu-west-1:1:${queue}`,
      attributes: {},
      messageAttributes: {},
    },
  ],
})

/** Sends the text of a value over a door; returns what is in Kafka, or the codes of the dead letters or the refusal. */
type Door = (value: string) => Promise<unknown[]>

function sqsDoor(queue: string, wrap: (value: string) => string): Door {
  return async value => {
    const harness = functionHarness(handleSqs, { contracts })
    await harness.invoke(sqsEvent(queue, wrap(value)))
    return [
      ...recordsOf(harness).map(record => record.value),
      ...harness.deadLetters.deadLetters.map(d => d.failure.code),
    ]
  }
}

const eventText = (source: string, detail: string) => `{"source":"${source}","detail-type":"t","detail":${detail}}`

async function busDoor(event: string): Promise<unknown[]> {
  const harness = functionHarness(handleEventBridge, { contracts })
  await harness.invoke(JSON.parse(event))
  return [
    ...recordsOf(harness).map(record => record.value),
    ...harness.deadLetters.deadLetters.map(d => d.failure.code),
  ]
}

async function post(body: string, topic = 'open') {
  const harness = functionHarness(handleHttp, { contracts })
  const event = v2Event('POST', `/topics/${topic}`, Buffer.from(body), { 'content-type': 'application/json' })
  const { statusCode, body: answer } = (await harness.invoke(event)) as { statusCode: number; body: string }
  return { status: statusCode, answer: JSON.parse(answer), records: recordsOf(harness) }
}

const DOORS: Record<string, Door> = {
  'HTTP, one record': async value => (await post(`{ "value" : ${value} }`)).records.map(record => record.value),
  'HTTP, a list': async value =>
    (await post(`{"records":[{"headers":{}, "value":${value}\n,"key":"k"}]}`)).records.map(record => record.value),
  SQS: sqsDoor('plain', value => value),
  'SQS, SNS': sqsDoor('sns', value => JSON.stringify({ Type: 'Notification', TopicArn: 't', Message: value })),
  'SQS, EventBridge': sqsDoor('bus', value => `{"id":"e","source":"s","detail-type":"t" ,"detail": ${value} }`),
  'SQS, S3': sqsDoor('s3', value => `{"Records":[ ${value} ]}`),
}

const TEXTS = [
  '12345678901234567890',
  '12345678901234567890.0',
  '1.2345678901234567890E+19',
  '900719925474099.3e1',
  '0.1234567890123456789',
  '1e-400',
  '1e400',
  '-0',
  '1.0',
  '{"b":1,"10":2,"2":3.10}',
  '{ "spaces" : [ 1 , 2 ] }',
  String.raw`{"\u0041":"\/ \ud83d\ude00 é \u00e9"}`,
  '{"twice":1,"twice":2}',
  '["\u2028\u2029\u007f"]',
]

for (const [door, send] of Object.entries(DOORS))
  test(`${door}: what the caller sent is what is in Kafka`, async () => {
    for (const text of TEXTS) assert.deepEqual(await send(text), [text])
  })

test('SQS, EventBridge whole: the value is the body', async () => {
  const body = '{ "source":"s","detail-type":"t","detail":{"n":1.10} }'
  assert.deepEqual(await sqsDoor('bus-whole', value => value)(body), [body])
})

test('any JSON text comes through HTTP as it is', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.json().filter(text => !text.includes('__proto__')),
      fc.stringMatching(/^[ \t\r\n]{0,2}$/),
      async (text, space) => {
        const [value] = (await post(`{"value":${space}${text}${space}}`)).records
        assert.equal(value?.value, text === 'null' ? undefined : text)
      },
    ),
    { numRuns: 100 },
  )
})

test('a key from a number is the integer’s own digits', async () => {
  for (const digits of ['7', '12345678901234567890', '-9007199254740993'])
    for (const body of [
      `{"value":{"id":${digits}}}`,
      `{"value":{"ids":[0,${digits}]}}`,
      `{"key":${digits},"value":1}`,
      `{"value":{"id":"x","i\\u0064":${digits}}}`,
    ])
      assert.deepEqual(
        (await post(body)).records.map(record => record.key),
        [digits],
        body,
      )
  const harness = functionHarness(handleSqs, { contracts })
  await harness.invoke(sqsEvent('bus', '{"source":"s","detail-type":"t","detail":{"id":12345678901234567890}}'))
  assert.equal(recordsOf(harness)[0]?.key, '12345678901234567890')
})

test('a key from a number with a point or an exponent is refused', async () => {
  for (const number of ['1.0', '1e3', '12345678901234567890.0', '0.5'])
    for (const body of [`{"value":{"id":${number}}}`, `{"key":${number},"value":1}`]) {
      const { status, answer } = await post(body)
      assert.deepEqual([status, answer.code], [422, 'key-type'], body)
    }
})

test('a schema judges numbers as doubles (docs/delivery-semantics.md); what is sent is what is written', async () => {
  for (const [schema, number, isValid] of [
    [{ type: 'integer' }, '12345678901234567890.5', true],
    [{ type: 'integer', maximum: 9007199254740992 }, '9007199254740993', true],
    [{ const: 1 }, '1.00000000000000000001', true],
    [{ type: 'integer' }, '1e400', false],
    [{ type: 'number' }, '1e400', false],
    [{ minimum: 5, maximum: 6, multipleOf: 7 }, '1e400', true],
    [{ uniqueItems: true }, '[9007199254740992,9007199254740993]', true],
  ] as const) {
    const harness = httpHarness({
      contracts: contractsOf([{ topic: 'open', json: { key: { required: false }, value: { schema } } }]),
    })
    const { status } = await harness.post('open', `{"value":${number}}`)
    assert.equal(status, isValid ? 200 : 422, number)
    assert.deepEqual(
      recordsOf(harness).map(({ value }) => value),
      isValid ? [number] : [],
    )
  }
})

test('where the contract has a schema, a repeated name is refused at its place, over every trigger', async () => {
  const { answer } = await post('{"records":[{"value":{"id":1}},{"value":{"x":[{"a":1,"\\u0061":2}]}}]}', 'strict')
  assert.deepEqual(
    answer.records.map(({ fate, code }: { fate: string; code: string }) => [fate, code]),
    [
      ['delivered', undefined],
      ['refused', 'repeated-name'],
    ],
  )
  assert.deepEqual(answer.records[1].violations, [
    { pointer: '/value/x/0/a', rule: 'repeated-name', expected: 'each name once' },
  ])
  assert.deepEqual(await sqsDoor('strict', value => value)('{"id":1,"id":2}'), ['repeated-name'])
})

test('a fault of one record does not affect the others', async () => {
  const deep = '['.repeat(200) + ']'.repeat(200)
  const faults = [
    '{"value":{"__proto__":1}}',
    `{"value":${deep}}`,
    '{"value":1,"value":2}',
    '{"value":1,"other":2}',
    '5',
  ]
  const { answer, records } = await post(`{"records":[${faults.join()},{"value":"good"}]}`)
  assert.deepEqual(
    answer.records.map(({ code = 'delivered' }) => code),
    ['unknown-field', 'bad-json', 'repeated-name', 'unknown-field', 'bad-json', 'delivered'],
  )
  assert.equal(records.length, 1)
})

test('faults of SQS bodies become dead letters by name', async () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000)
  for (const [body, code] of [
    ['{"__proto__":{}}', 'unknown-field'],
    [deep, 'bad-json'],
    ['\ufeff{}', 'bad-json'],
  ] as const)
    assert.deepEqual(await sqsDoor('plain', value => value)(body), [code])
})

test('EventBridge: an integer that Lambda may have changed makes a dead letter that says so', async () => {
  for (const [number, code] of [
    [9007199254740993n.toString(), 'number-out-of-range'],
    ['1e400', 'number-out-of-range'],
    ['-0', 'number-out-of-range'],
    ['9007199254740991', undefined],
    ['0.1', undefined],
  ] as const) {
    const harness = functionHarness(handleEventBridge, { contracts })
    await harness.invoke(JSON.parse(`{"id":"e","source":"shop","detail-type":"t","detail":{"deep":[{"n":${number}}]}}`))
    assert.equal(harness.deadLetters.deadLetters[0]?.failure.code, code, number)
    assert.equal(recordsOf(harness).length, code ? 0 : 1)
  }
})

test('null is a tombstone over every trigger', async () => {
  for (const door of ['plain', 'strict']) assert.deepEqual(await sqsDoor(door, value => value)(' null '), ['tombstone'])
  assert.equal((await post('{"value":null}')).answer.code, 'tombstone')
})

test('__proto__ in an EventBridge event is refused as over the other triggers', async () => {
  const harness = functionHarness(handleEventBridge, { contracts })
  await harness.invoke(JSON.parse('{"id":"e","source":"shop","detail-type":"t","detail":{"a":[{"__proto__":1}]}}'))
  assert.equal(harness.deadLetters.deadLetters[0]?.failure.code, 'unknown-field')
})

test('a list has elements only under their indices', async () => {
  assert.equal((await post('{"value":{"ids":[1]}}')).records[0]?.key ?? null, null)
})

// The original bug: fields with names like indices came first, because JavaScript orders them so.
test('headers given as an object keep the order of the caller', async () => {
  const headers = String.raw`{"b":"1","2":"x","\u0061":null,"1":"y"}`
  for (const body of [`{"value":1,"headers":${headers}}`, `{"records":[{"headers":${headers},"value":1}]}`]) {
    const [record] = (await post(body)).records
    assert.deepEqual(
      record?.headers.slice(3).map(([name, value]) => [name, value === null ? null : String(value)]),
      [
        ['b', '1'],
        ['2', 'x'],
        ['a', null],
        ['1', 'y'],
      ],
    )
  }
})

// The original bug: EventBridge counted levels from the event, and an unwrapped event was allowed one more.
test('100 levels of nesting are allowed over every trigger, counted from the value', async () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  const doors: Record<string, Door> = {
    ...DOORS,
    'SQS, EventBridge whole': value => sqsDoor('bus-whole', text => text)(eventText('s', value)),
    EventBridge: value => busDoor(eventText('shop', value)),
    'EventBridge whole': value => busDoor(eventText('whole', value)),
  }
  for (const [door, send] of Object.entries(doors)) {
    const most = door.endsWith('whole') ? 99 : 100
    const [sent] = await send(nested(most))
    assert.ok(String(sent).includes(nested(most)), door)
    const refused = await send(nested(most + 1))
    assert.deepEqual(refused, door.startsWith('HTTP') ? [] : ['bad-json'], door)
    assert.deepEqual(await send(nested(20_000)), refused, door)
  }
})

// The original bug: the dead letter of a record that was never sent held the base64 text instead of the bytes.
test('HTTP, base64: the record holds the bytes, and text that is no base64 as it is', () => {
  const bytes = contractsOf([{ topic: 'bytes', json: { key: { required: false }, value: { format: 'base64' } } }])
  const event = v2Event('POST', '/topics/bytes', Buffer.from('{"records":[{"value":"AP8="},{"value":"no"}]}'), {
    'content-type': 'application/json',
  })
  const request = parseHttpEvent(event)
  assert.ok(request)
  const records = toRecords(request, 'bytes', 'r', bytes)
  assert.deepEqual(
    records.map(({ record }) => record.value),
    [Buffer.from([0, 255]), 'no'],
  )
})
