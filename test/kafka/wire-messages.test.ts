// Our requests and answers against the message definitions in Kafka's own jar: what we encode, Kafka's definition
// decodes; what it encodes with drawn values, we decode.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import type { WireProtocol } from 'kafkajs/src/network/connection.js'
import { apiVersions, apiVersionsOf, CLIENT_SOFTWARE } from '../../lib/transport/kafkajs/api-versions-protocol.ts'
import { metadata } from '../../lib/transport/kafkajs/metadata-protocol.ts'
import { describeConfigs, fetch, initProducerId, listOffsets } from '../../lib/transport/kafkajs/wire.ts'
import { API_VERSIONS } from '../../lib/transport/kafkajs/wire-protocol.ts'
import { kafkaJars } from '../../local/artifacts.ts'
import {
  decodeMessage,
  encodeMessage,
  type Field,
  includes,
  type Message,
  messagesOf,
  type Struct,
} from '../support/kafka-messages.ts'

const messageOf = messagesOf(await kafkaJars(() => {}))
const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 200)
const NO_ID = Buffer.alloc(16)

const text = fc.string({ unit: 'grapheme', maxLength: 200 })
const names = fc.array(text, { maxLength: 4 })
const int32 = fc.integer()
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

/** One version of an API. */
interface Row {
  readonly api: string
  readonly version: number
  /** Draws a request, and what Kafka must read of it. */
  readonly requests: fc.Arbitrary<readonly [WireProtocol<unknown>, Struct]>
  /** Fields of the answer that are not drawn. */
  readonly fixed?: Struct
  /** What we must read of an answer. */
  readonly reads: (response: Struct) => unknown
}

const listOf = (value: unknown) => value as readonly Struct[]
const onlyPartition = ({ Topics, Responses }: Struct) => listOf(listOf(Topics ?? Responses)[0]?.Partitions)[0] as Struct

const METADATA_REQUEST = { AllowAutoTopicCreation: false, IncludeTopicAuthorizedOperations: false }
const metadataTopics = fc.option(names)
const readsMetadata = ({ ClusterId, Brokers, Topics }: Struct) => ({
  clusterId: ClusterId || null,
  brokers: listOf(Brokers).map(({ NodeId, Host, Port, Rack }) => ({
    nodeId: NodeId,
    host: Host,
    port: Port,
    rack: Rack ?? '',
  })),
  topics: listOf(Topics).map(({ ErrorCode, Name, TopicId, Partitions }) => ({
    errorCode: ErrorCode,
    topic: Name ?? '',
    topicId: TopicId && !NO_ID.equals(TopicId as Buffer) ? (TopicId as Buffer).toString('base64url') : null,
    partitions: listOf(Partitions).map(partition => ({
      errorCode: partition.ErrorCode,
      partition: partition.PartitionIndex,
      leader: partition.LeaderId,
      leaderEpoch: partition.LeaderEpoch,
      replicas: listOf(partition.ReplicaNodes).length,
    })),
  })),
})
const readsVersions = ({ ApiKeys }: Struct) =>
  Object.fromEntries(
    listOf(ApiKeys).map(range => [range.ApiKey, { minVersion: range.MinVersion, maxVersion: range.MaxVersion }]),
  )

const ROWS: readonly Row[] = [
  {
    api: 'Metadata',
    version: 7,
    requests: metadataTopics.map(topics => [
      metadata(topics, 7),
      { Topics: topics?.map(Name => ({ Name })) ?? null, AllowAutoTopicCreation: false },
    ]),
    reads: readsMetadata,
  },
  {
    api: 'Metadata',
    version: 12,
    requests: metadataTopics.map(topics => [
      metadata(topics, 12),
      { Topics: topics?.map(Name => ({ TopicId: NO_ID, Name })) ?? null, ...METADATA_REQUEST },
    ]),
    reads: readsMetadata,
  },
  {
    api: 'InitProducerId',
    version: 1,
    requests: fc.constant([initProducerId(), { TransactionalId: null, TransactionTimeoutMs: 60_000 }]),
    reads: ({ ErrorCode, ProducerId, ProducerEpoch }) => ({
      errorCode: ErrorCode,
      producerId: ProducerId,
      epoch: ProducerEpoch,
    }),
  },
  {
    api: 'ApiVersions',
    version: 2,
    requests: fc.constant([apiVersions(), {}]),
    fixed: { ErrorCode: 0 },
    reads: readsVersions,
  },
  {
    api: 'ApiVersions',
    version: 5,
    requests: fc.tuple(text, int32).map(([clusterId, nodeId]) => [
      apiVersionsOf({ clusterId, nodeId }),
      {
        ClientSoftwareName: CLIENT_SOFTWARE.name,
        ClientSoftwareVersion: CLIENT_SOFTWARE.version,
        ClusterId: clusterId,
        NodeId: nodeId,
      },
    ]),
    reads: response => ({
      errorCode: response.ErrorCode,
      versions: response.ErrorCode === 0 ? readsVersions(response) : {},
    }),
  },
  {
    api: 'ListOffsets',
    version: 1,
    requests: fc.tuple(text, int32, fc.maxSafeInteger()).map(([topic, partition, timestamp]) => [
      listOffsets(topic, partition, timestamp),
      {
        ReplicaId: -1,
        Topics: [{ Name: topic, Partitions: [{ PartitionIndex: partition, Timestamp: BigInt(timestamp) }] }],
      },
    ]),
    reads: response => {
      const { ErrorCode, Offset } = onlyPartition(response)
      return { errorCode: ErrorCode, offset: Offset }
    },
  },
  {
    api: 'Fetch',
    version: 4,
    requests: fc.tuple(text, int32, int64, int32, int32).map(([topic, partition, offset, maxBytes, maxWaitMs]) => [
      fetch(topic, partition, offset, maxBytes, maxWaitMs),
      {
        ReplicaId: -1,
        MaxWaitMs: maxWaitMs,
        MinBytes: 1,
        MaxBytes: maxBytes,
        IsolationLevel: 1,
        Topics: [
          {
            Topic: topic,
            Partitions: [{ Partition: partition, FetchOffset: offset, PartitionMaxBytes: maxBytes }],
          },
        ],
      },
    ]),
    reads: response => {
      const { ErrorCode, HighWatermark, Records } = onlyPartition(response)
      return { errorCode: ErrorCode, highWatermark: HighWatermark, recordSet: Records ?? Buffer.alloc(0) }
    },
  },
  {
    api: 'DescribeConfigs',
    version: 1,
    requests: fc.tuple(names, names).map(([topics, settings]) => [
      describeConfigs(topics, settings),
      {
        Resources: topics.map(ResourceName => ({ ResourceType: 2, ResourceName, ConfigurationKeys: settings })),
        IncludeSynonyms: false,
      },
    ]),
    reads: ({ Results }) =>
      listOf(Results).map(({ ErrorCode, ResourceName, Configs }) => ({
        errorCode: ErrorCode,
        topic: ResourceName,
        values: new Map(listOf(Configs).map(({ Name, Value }) => [Name, Value])),
      })),
  },
]

/** Values of a message's fields, nulls where the version allows them. */
function valuesOf(fields: readonly Field[], version: number): fc.Arbitrary<Struct> {
  const present = fields.filter(field => includes(field.versions, version))
  return fc.record(Object.fromEntries(present.map(field => [field.name, drawnValue(field, version)])))
}

function drawnValue(field: Field, version: number): fc.Arbitrary<unknown> {
  const value = notNull(field, version)
  return includes(field.nullableVersions, version) && field.type !== 'records' ? fc.option(value) : value
}

function notNull(field: Field, version: number): fc.Arbitrary<unknown> {
  const { type, fields = [] } = field
  // The requests for one partition have one in their answer.
  if (type.startsWith('[]')) {
    const isOnly = ['Partitions', 'Topics', 'Responses'].includes(field.name)
    return fc.array(notNull({ ...field, type: type.slice(2) }, version), { minLength: isOnly ? 1 : 0, maxLength: 3 })
  }
  const scalars: Record<string, fc.Arbitrary<unknown>> = {
    bool: fc.boolean(),
    int8: fc.integer({ min: -128, max: 127 }),
    int16: fc.oneof(fc.constant(0), fc.integer({ min: -32_768, max: 32_767 })),
    int32,
    int64,
    string: text,
    uuid: fc.oneof(
      fc.constant(NO_ID),
      fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes)),
    ),
    records: fc.option(fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))),
  }
  return scalars[type] ?? valuesOf(fields, version)
}

test('brokers get the name and version of this package, in the form that Kafka accepts (KIP-511)', () => {
  const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as Struct
  assert.deepEqual(CLIENT_SOFTWARE, { name, version })
  for (const word of Object.values(CLIENT_SOFTWARE)) assert.match(word, /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/)
})

async function bodyOf({ request }: WireProtocol<unknown>, isFlexible: boolean): Promise<Buffer> {
  const { buffer } = (await request.encode()) as { buffer: Buffer }
  // The tagged fields of the header, which kafkajs does not write.
  if (isFlexible) assert.equal(buffer[0], 0)
  return buffer.subarray(isFlexible ? 1 : 0)
}

function responseOf(message: Message, version: number, values: Struct): Buffer {
  const hasHeaderTags = includes(message.flexibleVersions, version) && message.apiKey !== API_VERSIONS
  return Buffer.concat([Buffer.alloc(hasHeaderTags ? 1 : 0), encodeMessage(message, version, values)])
}

for (const { api, version, requests, fixed = {}, reads } of ROWS) {
  test(`${api} ${version}: Kafka reads our request`, async () => {
    const message = messageOf(`${api}Request`)
    const isFlexible = includes(message.flexibleVersions, version)
    const run = fc.asyncProperty(requests, async ([protocol, expected]) => {
      assert.equal(protocol.request.apiKey, message.apiKey)
      assert.equal(protocol.request.apiVersion, version)
      assert.deepEqual(decodeMessage(message, version, await bodyOf(protocol, isFlexible)), expected)
    })
    await fc.assert(run, { numRuns })
  })

  test(`${api} ${version}: we read Kafka's answer, and no answer that is cut off`, async () => {
    const message = messageOf(`${api}Response`)
    const [first] = message.fields.filter(field => includes(field.versions, version))
    // The pause that a broker asks for; that of ApiVersions comes last and is not read.
    const startsWithThrottle = first?.name === 'ThrottleTimeMs'
    const [protocol] = fc.sample(requests, 1)[0] as readonly [WireProtocol<unknown>, Struct]
    const read = async (bytes: Buffer) => protocol.response.parse(await protocol.response.decode(bytes))
    const run = fc.asyncProperty(valuesOf(message.fields, version), fc.nat(), async (drawn, cut) => {
      const values = { ...drawn, ...fixed }
      const bytes = responseOf(message, version, values)
      const { ThrottleTimeMs: throttleTimeMs } = { ThrottleTimeMs: 0, ...(startsWithThrottle ? values : {}) }
      const expected = { answer: reads(values), throttleTimeMs, clientSideThrottleTime: 0 }
      assert.deepEqual(await read(bytes), expected)
      // What follows the last field that we read may be missing.
      await read(bytes.subarray(0, cut % bytes.length)).then(
        answer => assert.deepEqual(answer, expected),
        error => assert.equal((error as { causeCode?: string }).causeCode, 'MALFORMED_ANSWER'),
      )
    })
    await fc.assert(run, { numRuns })
  })
}
