// Contracts whose schemas are in a registry: each trigger with each format, and where a record ends when the registry
// fails.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { handleEventBridge } from '../../functions/eventbridge/handle-eventbridge.ts'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { type ContractFile, toContracts } from '../../lib/contracts/load-contracts.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { DeliveryError, InvalidRecordError } from '../../lib/errors.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { redrive } from '../../lib/redrive/redrive.ts'
import { CONTRACT_FORMATS } from '../../lib/schema-registry/codec-parts.ts'
import { createFakeKafka } from '../../lib/testing/index.ts'
import { acceptingProducer } from '../fakes/accepting-producer.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { type RegistryAnswer, RegistryServer } from '../fakes/registry-server.ts'
import { functionHarness, httpHarness, sqsMessage } from '../support/function-harness.ts'

const VALUE = '{"id": 9007199254740993, "customer": "ada"}'
/** An event reaches a function parsed, so that a number beyond 2^53 is refused. */
const EVENT_VALUE = '{"id":5,"customer":"ada"}'
const INVALID = '{"id": "hunter2", "customer": "ada"}'

interface Format {
  readonly schemaType: string
  readonly schema: string
  /** Of VALUE, and of EVENT_VALUE, behind the id. */
  readonly bytes: Buffer
  readonly eventBytes: Buffer
}

const JSON_SCHEMA = { type: 'object', properties: { id: { type: 'integer' }, customer: { type: 'string' } } }
const FORMATS: Readonly<Record<string, Format>> = {
  avro: {
    schemaType: 'AVRO',
    schema: JSON.stringify({
      type: 'record',
      name: 'Order',
      fields: [
        { name: 'id', type: 'long' },
        { name: 'customer', type: 'string' },
      ],
    }),
    bytes: Buffer.from('828080808080802006616461', 'hex'),
    eventBytes: Buffer.from('0a06616461', 'hex'),
  },
  protobuf: {
    schemaType: 'PROTOBUF',
    schema: 'syntax = "proto3"; message Order { int64 id = 1; string customer = 2; }',
    // The message's index, then the fields.
    bytes: Buffer.from('000881808080808080101203616461', 'hex'),
    eventBytes: Buffer.from('0008051203616461', 'hex'),
  },
  'json-schema': {
    schemaType: 'JSON',
    schema: JSON.stringify(JSON_SCHEMA),
    bytes: Buffer.from(VALUE),
    eventBytes: Buffer.from(EVENT_VALUE),
  },
}

const framed = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), bytes])

/** A deadline that a registry that never answers ends at. */
const SHORT: ProducerOptions = { retries: 0, ackTimeoutMs: 10, requestTimeoutMs: 50, deliveryTimeoutMs: 100 }

async function setUp(t: TestContext, name: string, answer?: RegistryAnswer | 'silence', version: unknown = 'latest') {
  const { schema, schemaType } = FORMATS[name] as Format
  const stored = { id: 7, version: 3, subject: 'orders-value', schema, schemaType }
  const registry = await RegistryServer.start(t, () => answer ?? { body: stored })
  const from = { sqs: [{ queue: 'orders' }], eventbridge: [{ source: ['shop'] }] }
  const value = {
    format: name,
    registry: 'confluent',
    version,
    ...(version === 'latest' ? {} : { autoRegister: true }),
  }
  const json = { key: { from: ['value:/customer'] }, value, from }
  const contracts = toContracts(
    [{ topic: 'orders', json: json as ContractFile['json'] }],
    () => assert.fail('There is no other schema.'),
    {
      formats: CONTRACT_FORMATS,
      readSchema: () => schema,
    },
  )
  const options: ProducerOptions = { ...(isRetried(answer) ? SHORT : {}), schemaRegistryUrl: [registry.url] }
  return { registry, contracts, options }
}

/** Until the record’s deadline; other answers end the look-up at once. */
function isRetried(answer: RegistryAnswer | 'silence' | undefined): boolean {
  return answer === 'silence' || answer?.status === 503 || answer?.status === 429
}

type SetUp = Awaited<ReturnType<typeof setUp>>

/** Where a record ended, with what was written or what is said of it. */
interface End {
  readonly fate: 'delivered' | 'returned' | 'dead-lettered' | 'refused'
  readonly code?: string
  readonly pointer?: string | undefined
  readonly written?: Buffer | undefined
  readonly deadLetter?: DeadLetter
}

/** A door, open for several records. */
type Door = (parts: SetUp) => (text?: string) => Promise<End>

function stored([deadLetter]: readonly DeadLetter[]): End {
  assert.ok(deadLetter)
  const { code } = deadLetter.failure
  return { fate: 'dead-lettered', code, deadLetter }
}

const DOORS: Readonly<Record<string, Door>> = {
  http: ({ contracts, options }) => {
    const harness = httpHarness({ contracts, options })
    return async (text = VALUE) => {
      const { status, body } = await harness.post('orders', `{"value": ${text}}`)
      if (status === 422) {
        const [{ code, violations }] = body.records
        return { fate: 'refused', code, pointer: violations[0]?.pointer }
      }
      if (status === 202) return stored(harness.deadLetters.deadLetters.splice(0))
      assert.equal(status, 200, JSON.stringify(body))
      return { fate: 'delivered', written: lastValue(harness) }
    }
  },
  sqs: ({ contracts, options }) => {
    const harness = functionHarness(handleSqs, { contracts, options })
    return async (text = VALUE) => {
      const answer = await harness.invoke({ Records: [sqsMessage('orders', text)] })
      if ((answer as { batchItemFailures: unknown[] }).batchItemFailures.length > 0) return { fate: 'returned' }
      const deadLetters = harness.deadLetters.deadLetters.splice(0)
      return deadLetters.length > 0 ? stored(deadLetters) : { fate: 'delivered', written: lastValue(harness) }
    }
  },
  eventbridge: ({ contracts, options }) => {
    const harness = functionHarness(handleEventBridge, { contracts, options })
    return async (text = EVENT_VALUE) => {
      await harness.invoke({ id: 'e', source: 'shop', 'detail-type': 'Order', detail: JSON.parse(text) })
      const deadLetters = harness.deadLetters.deadLetters.splice(0)
      return deadLetters.length > 0 ? stored(deadLetters) : { fate: 'delivered', written: lastValue(harness) }
    }
  },
  library: ({ contracts, options }) => {
    const kafka = createFakeKafka()
    const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'], ...options }, {})
    const factory = new ProducerFactory({ config, createClient: kafka.createClient, rules: { contracts } })
    const producer = factory.getProducer()
    return async (text = VALUE) => {
      try {
        await producer.send({ topic: 'orders', value: Buffer.from(text) })
      } catch (error) {
        assert.ok(error instanceof InvalidRecordError || error instanceof DeliveryError, String(error))
        const pointer = error instanceof InvalidRecordError ? error.violations[0]?.pointer : undefined
        return { fate: pointer === undefined ? 'returned' : 'refused', code: error.code, pointer }
      }
      return {
        fate: 'delivered',
        written: kafka.records('orders', { value: bytes => bytes }).at(-1)?.value ?? undefined,
      }
    }
  },
}

function lastValue({ client }: ReturnType<typeof functionHarness>): Buffer | undefined {
  const value = client.logs.flatMap(({ records }) => records).at(-1)?.value
  return value === undefined || value === null ? undefined : Buffer.from(value)
}

for (const [doorName, door] of Object.entries(DOORS))
  for (const [name, format] of Object.entries(FORMATS)) {
    test(`${doorName}, ${name}: a record is delivered by its schema, also when the registry is down later`, async t => {
      const parts = await setUp(t, name)
      const send = door(parts)
      const first = await send()
      assert.equal(first.fate, 'delivered')
      const bytes = framed(doorName === 'eventbridge' ? format.eventBytes : format.bytes)
      // The log of the functions' cluster has values as text.
      assert.deepEqual(first.written, doorName === 'library' ? bytes : Buffer.from(bytes.toString()))
      parts.registry.stop()
      const second = await send()
      assert.deepEqual([second.fate, second.written], ['delivered', first.written])
      assert.deepEqual(parts.registry.requests, ['GET /subjects/orders-value/versions/latest'])
    })

    test(`${doorName}, ${name}: a value that does not fit its schema is invalid, with its pointer`, async t => {
      const end = await door(await setUp(t, name))(INVALID)
      const { failure, record } = end.deadLetter ?? {}
      if (failure)
        assert.deepEqual([failure.kind, failure.code, record?.encoding], ['invalid-record', 'schema', 'source'])
      else assert.deepEqual([end.fate, end.code, end.pointer], ['refused', 'schema', '/value/id'])
      assert.ok(!JSON.stringify({ ...end, deadLetter: failure }).includes('hunter2'))
    })
  }

const FAULTS: readonly {
  readonly fault: string
  readonly answer: RegistryAnswer | 'silence' | 'down'
  readonly code: string
  readonly version?: unknown
}[] = [
  { fault: 'is down at the cold start', answer: 'down', code: 'schema-registry' },
  { fault: 'never answers', answer: 'silence', code: 'schema-registry' },
  { fault: 'answers 503', answer: { status: 503 }, code: 'schema-registry' },
  { fault: 'throttles', answer: { status: 429 }, code: 'schema-registry' },
  { fault: 'answers 401', answer: { status: 401 }, code: 'schema-registry-access' },
  { fault: 'answers 403', answer: { status: 403 }, code: 'schema-registry-access' },
  {
    fault: 'does not know the subject',
    answer: { status: 404, body: { error_code: 40401, message: '' } },
    code: 'schema-not-found',
  },
  {
    fault: 'refuses the schema as incompatible',
    answer: { status: 409, body: { error_code: 409, message: '' } },
    code: 'schema-incompatible',
    version: { schema: 'order' },
  },
  {
    fault: 'has rules that run on write',
    answer: {
      body: {
        id: 7,
        version: 3,
        subject: 'orders-value',
        schema: '"string"',
        ruleSet: { domainRules: [{ name: 'encrypt', kind: 'TRANSFORM', mode: 'WRITEREAD', type: 'ENCRYPT' }] },
      },
    },
    code: 'schema-rules',
  },
  {
    fault: 'has a schema that can’t be read',
    answer: { body: { id: 7, version: 3, subject: 'orders-value', schema: '{' } },
    code: 'schema-unusable',
  },
]

for (const { fault, answer, code, version } of FAULTS)
  for (const [doorName, door] of Object.entries(DOORS))
    test(`${doorName}: a registry that ${fault} makes no record invalid: ${code}`, async t => {
      const parts = await setUp(t, 'avro', answer === 'down' ? 'silence' : answer, version)
      if (answer === 'down') parts.registry.stop()
      const end = await door(parts)()
      const { deadLetter } = end
      const codes = code === 'schema-registry' ? [code, 'deadline'] : [code]
      if (!deadLetter) {
        assert.equal(end.fate, 'returned')
        if (end.code !== undefined) assert.ok(codes.includes(end.code), end.code)
        return
      }
      const { failure, record } = deadLetter
      assert.deepEqual([failure.kind, record.encoding, failure.outcome], ['delivery-failure', 'source', 'not-sent'])
      assert.ok(codes.includes(failure.code), failure.code)
    })

test('a redrive encodes what was stored while the registry was down', async t => {
  const parts = await setUp(t, 'avro', { status: 503 })
  const { deadLetter } = await (DOORS.http as Door)(parts)()
  assert.ok(deadLetter)
  const { contracts, options } = await setUp(t, 'avro')
  const producer = acceptingProducer()
  const { config } = createFakeKafka().producerFactory(options).getProducer()
  const result = await redrive(new MemoryDeadLetterStore([deadLetter]), {
    producer: { ...producer, config },
    contracts,
  })
  assert.equal(result.resent, 1)
  assert.deepEqual(producer.sent[0]?.value, framed((FORMATS.avro as Format).bytes))
})
