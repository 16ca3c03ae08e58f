// Each version of Produce against the definitions in Kafka's own jar: what is written is what Kafka reads, and what
// Kafka answers is what is read here.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TransportError } from '../../lib/errors.ts'
import { topicPartition } from '../../lib/record/topic-partition.ts'
import { produceCodec } from '../../lib/transport/produce/produce-versions.ts'
import { kafkaJars } from '../../local/artifacts.ts'
import { decodeMessage, encodeMessage, messagesOf, type Struct } from '../support/kafka-messages.ts'

const messages = messagesOf(await kafkaJars(() => {}))
const [header, request, response] = ['RequestHeader', 'ProduceRequest', 'ProduceResponse'].map(messages) as [
  ReturnType<typeof messages>,
  ReturnType<typeof messages>,
  ReturnType<typeof messages>,
]
const VERSIONS = [7, 8, 9, 10, 11, 12]
const codecOf = (maxVersion: number) => produceCodec({ 0: { minVersion: 0, maxVersion } })
const isFlexible = (version: number) => version >= 9

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const topic = fc.oneof(fc.constantFrom('a', 'orders.v2-retry_1', 'x'.repeat(249)), fc.string({ minLength: 1 }))
const frames = fc.record({
  correlationId: fc.nat({ max: 2 ** 31 - 1 }),
  clientId: fc.oneof(fc.string(), fc.constant('c'.repeat(200))),
  acks: fc.constantFrom(-1 as const, 0 as const, 1 as const),
  ackTimeoutMs: fc.nat({ max: 2 ** 31 - 1 }),
  batches: fc.array(
    fc.record(
      {
        topic,
        partition: fc.nat({ max: 2 ** 31 - 1 }),
        bytes: fc.constantFrom(1, 100, 127, 128, 3000, 5000, 20_000).map(size => Buffer.alloc(size, size)),
      },
      { noNullPrototype: true },
    ),
    { minLength: 1, maxLength: 6 },
  ),
})

for (const version of VERSIONS) {
  test(`Produce ${version}: Kafka reads what is written`, () => {
    fc.assert(
      fc.property(frames, frame => {
        const codec = codecOf(version)
        assert.equal(codec.version, version)
        const bytes = Buffer.concat(codec.encode(frame))
        assert.equal(bytes.readInt32BE(0), bytes.length - 4)
        const headerBytes = 4 + 2 + 2 + 4 + 2 + Buffer.byteLength(frame.clientId) + (isFlexible(version) ? 1 : 0)
        assert.deepEqual(decodeHeader(bytes.subarray(4, headerBytes), version), {
          RequestApiKey: 0,
          RequestApiVersion: version,
          CorrelationId: frame.correlationId,
          ClientId: frame.clientId,
        })
        const { TransactionalId, Acks, TimeoutMs, TopicData } = decodeMessage(
          request,
          version,
          bytes.subarray(headerBytes),
        )
        assert.deepEqual([TransactionalId, Acks, TimeoutMs], [null, frame.acks, frame.ackTimeoutMs])
        const written = (TopicData as Struct[]).flatMap(({ Name, PartitionData }) =>
          (PartitionData as Struct[]).map(({ Index, Records }) => ({ topic: Name, partition: Index, bytes: Records })),
        )
        assert.deepEqual(written, [...Map.groupBy(frame.batches, batch => batch.topic).values()].flat())
      }),
    )
  })

  test(`Produce ${version}: what Kafka answers is read; cut or longer, it is an error`, () => {
    fc.assert(
      fc.property(answers, fc.nat(), (answer, cut) => {
        const prefix = isFlexible(version) ? Buffer.from([0]) : Buffer.alloc(0)
        const body = Buffer.concat([prefix, encodeMessage(response, version, answer)])
        const { partitions, throttleTimeMs, endpoints } = codecOf(version).decode(body)
        assert.equal(throttleTimeMs, answer.ThrottleTimeMs)
        for (const { Name, PartitionResponses } of answer.Responses)
          for (const each of PartitionResponses)
            assert.deepEqual(partitions.get(topicPartition(Name, each.Index)), {
              errorCode: each.ErrorCode,
              baseOffset: each.BaseOffset,
              logAppendTime: each.LogAppendTimeMs,
              recordErrors: version >= 8 ? each.RecordErrors.map(({ BatchIndex }) => ({ index: BatchIndex })) : [],
              ...(isFlexible(version)
                ? {
                    currentLeader:
                      version >= 10
                        ? { leader: each.CurrentLeader.LeaderId, leaderEpoch: each.CurrentLeader.LeaderEpoch }
                        : undefined,
                  }
                : {}),
            })
        assert.deepEqual(
          endpoints,
          version >= 10
            ? answer.NodeEndpoints.map(({ NodeId, Host, Port }) => ({ nodeId: NodeId, host: Host, port: Port }))
            : [],
        )
        assert.throws(() => codecOf(version).decode(body.subarray(0, cut % body.length)), TransportError)
        assert.throws(() => codecOf(version).decode(Buffer.concat([body, Buffer.alloc(1)])), TransportError)
      }),
    )
  })
}

test('a broker gets the highest version that both know', () => {
  const versions = [undefined, 7, 8, 9, 12, 13, 40].map(
    maxVersion => produceCodec(maxVersion === undefined ? undefined : { 0: { minVersion: 0, maxVersion } }).version,
  )
  assert.deepEqual(versions, [7, 7, 8, 9, 12, 12, 12])
})

function decodeHeader(bytes: Buffer, version: number): Struct {
  return decodeMessage(header, isFlexible(version) ? 2 : 1, bytes)
}

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const partitionAnswers = fc.record({
  Index: fc.nat({ max: 2 ** 31 - 1 }),
  ErrorCode: fc.integer({ min: -1, max: 200 }),
  BaseOffset: int64,
  LogAppendTimeMs: int64,
  LogStartOffset: int64,
  RecordErrors: fc.array(fc.record({ BatchIndex: int32, BatchIndexErrorMessage: fc.option(fc.string()) }), {
    maxLength: 3,
  }),
  ErrorMessage: fc.option(fc.string()),
  CurrentLeader: fc.record({ LeaderId: int32, LeaderEpoch: int32 }),
})
const answers = fc.record({
  Responses: fc.uniqueArray(
    fc.record({
      Name: topic,
      PartitionResponses: fc.uniqueArray(partitionAnswers, { selector: ({ Index }) => Index, maxLength: 4 }),
    }),
    { selector: ({ Name }) => Name, maxLength: 4 },
  ),
  ThrottleTimeMs: fc.nat({ max: 2 ** 31 - 1 }),
  NodeEndpoints: fc.array(
    fc.record({ NodeId: int32, Host: fc.string(), Port: fc.nat({ max: 65_535 }), Rack: fc.option(fc.string()) }),
    { maxLength: 3 },
  ),
})
