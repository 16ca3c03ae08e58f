// The contract of a KafkaClient: the same tests run against the fake, scripted brokers and a real Kafka.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TransportError } from '../lib/errors.ts'
import type { RecordHeader } from '../lib/record/producer-record.ts'
import { refreshFor } from '../lib/transport/error-codes.ts'
import type { EncodedBatch, KafkaClient, ProduceOutcome, ProducerIdAndEpoch } from '../lib/transport/kafka-client.ts'
import { encodeRecordBatch } from '../lib/wire-format/record-batch-encoder.ts'
import { deadlineIn, pause } from './support/time.ts'

export interface ContractCluster {
  readonly client: KafkaClient
  readonly topic: string
  /** Whether the cluster reports an error for topics that do not exist. */
  readonly knowsTopics: boolean
  stop(): Promise<void>
}

export function kafkaClientContract(name: string, start: () => Promise<ContractCluster>): void {
  const run = (title: string, body: (cluster: ContractCluster) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const cluster = await start()
      try {
        await body(cluster)
      } finally {
        await cluster.client.close(deadlineIn(5000))
        await cluster.stop()
      }
    })

  run('metadata returns partitions, leaders and epochs', async ({ client, topic }) => {
    const { topics } = await client.metadata([topic], deadlineIn(5000))
    assert.equal(topics[0]?.error, null)
    assert.deepEqual([...(topics[0]?.partitions ?? [])].map(({ partition }) => partition).sort(), [0, 1, 2])
    assert.ok(topics[0]?.partitions.every(({ leader, leaderEpoch }) => leader >= 0 && leaderEpoch >= 0))
  })

  run(
    'metadata returns an error for a missing topic beside an existing one',
    async ({ client, topic, knowsTopics }) => {
      const { topics } = await client.metadata([topic, 'missing'], deadlineIn(5000))
      const errorOf = (name: string) => topics.find(metadata => metadata.topic === name)?.error
      assert.equal(errorOf(topic), null)
      if (knowsTopics) assert.equal(errorOf('missing'), 'UNKNOWN_TOPIC_OR_PARTITION')
    },
  )

  run('produce returns the offset, and recognises the same bytes as a repeat', async ({ client, topic }) => {
    const write = await writer(client, topic)
    const first = await write(0, { epoch: 0, sequence: 0, values: ['a', 'b'] })
    const again = await write(0, { epoch: 0, sequence: 0, values: ['a', 'b'] })
    const next = await write(0, { epoch: 0, sequence: 2, values: ['c'] })

    assert.ok(first.kind === 'acked' && first.baseOffset !== null && first.proof === 'all')
    assert.ok(again.kind === 'acked' && (again.baseOffset === first.baseOffset || again.baseOffset === null))
    assert.ok(next.kind === 'acked' && next.baseOffset === first.baseOffset + 2n)
  })

  run('produce rejects a late batch of an older epoch', async ({ client, topic }) => {
    const write = await writer(client, topic)
    await write(1, { epoch: 0, sequence: 0, values: ['a'] })
    const bumped = await write(1, { epoch: 1, sequence: 0, values: ['b'] })
    const late = await write(1, { epoch: 0, sequence: 1, values: ['late'] })

    assert.equal(bumped.kind, 'acked')
    assert.ok(late.kind === 'rejected' && late.causeCode === 'INVALID_PRODUCER_EPOCH', JSON.stringify(late.kind))
  })

  run('produce rejects a sequence out of order', async ({ client, topic }) => {
    const write = await writer(client, topic)
    await write(0, { epoch: 0, sequence: 0, values: ['a'] })
    const gap = await write(0, { epoch: 0, sequence: 5, values: ['b'] })
    assert.equal(gap.kind === 'acked' ? 'acked' : gap.causeCode, 'OUT_OF_ORDER_SEQUENCE_NUMBER')
  })

  run('produce accepts null header values, repeated names and numeric names', async ({ client, topic }) => {
    const write = await writer(client, topic)
    const outcome = await write(2, {
      epoch: 0,
      sequence: 0,
      values: ['a'],
      headers: [
        ['b', null],
        ['1', Buffer.from('x')],
        ['b', Buffer.from('y')],
      ],
    })
    assert.equal(outcome.kind, 'acked')
  })

  run('produce writes nothing when beginWrite returns false', async ({ client, topic }) => {
    const write = await writer(client, topic)
    const cancelled = await write(0, { epoch: 0, sequence: 0, values: ['a'], mayWrite: false })
    const written = await write(0, { epoch: 0, sequence: 0, values: ['b'] })

    assert.ok(cancelled.kind === 'not-sent' && cancelled.causeCode === 'BATCH_CHANGED')
    assert.equal(written.kind === 'acked' ? 'acked' : written.causeCode, 'acked')
  })
}

const MAX_ROUNDS = 50

/** Retries, because a new cluster answers COORDINATOR_LOAD_IN_PROGRESS at first, and the client makes one round. */
async function producerIdOf(client: KafkaClient): Promise<ProducerIdAndEpoch> {
  for (let rounds = 1; ; rounds++) {
    try {
      return await client.initProducerId(deadlineIn(5000))
    } catch (error) {
      if (!(error instanceof TransportError) || !error.retriable || rounds === MAX_ROUNDS) throw error
      await pause(100)
    }
  }
}

interface Write {
  readonly epoch: number
  readonly sequence: number
  readonly values: readonly string[]
  readonly headers?: readonly RecordHeader[]
  readonly mayWrite?: boolean
}

async function writer(
  client: KafkaClient,
  topic: string,
): Promise<(partition: number, write: Write) => Promise<ProduceOutcome>> {
  const { producerId } = await producerIdOf(client)
  return async (partition, { epoch, sequence, values, headers = [], mayWrite = true }) => {
    const pendingRecords = values.map(value => ({
      timestamp: Date.now(),
      record: {
        topic,
        partition,
        partitionFixedBy: 'source' as const,
        key: null,
        value: Buffer.from(value),
        headers,
        wireSize: 0,
      },
    }))
    const batch: EncodedBatch = {
      topic,
      partition,
      bytes: encodeRecordBatch(pendingRecords, { producerId, epoch, baseSequence: sequence }),
    }
    for (let rounds = 1; ; rounds++) {
      const outcomes = await client.produce(await leaderOf(client, topic, partition), [batch], {
        acks: -1,
        idempotent: true,
        ackTimeoutMs: 2500,
        requestTimeoutMs: 5000,
        connectTimeoutMs: 3000,
        beginWrite: () => mayWrite,
      })
      assert.equal(outcomes.length, 1)
      const outcome = outcomes[0] as ProduceOutcome
      // A broker of a fresh topic may not know yet that it leads it. Nothing was written.
      const isFresh =
        outcome.kind === 'not-sent' || (outcome.kind === 'rejected' && refreshFor(outcome.causeCode) === 'before-retry')
      if (!isFresh || !mayWrite || rounds === MAX_ROUNDS) return outcome
      await pause(100)
    }
  }
}

/** @returns the leader; -1 if a fresh topic still has none after many requests */
async function leaderOf(client: KafkaClient, topic: string, partition: number): Promise<number> {
  for (let rounds = 1; ; rounds++) {
    const { topics } = await client.metadata([topic], deadlineIn(5000))
    const leader = topics[0]?.partitions.find(metadata => metadata.partition === partition)?.leader ?? -1
    if (leader >= 0 || rounds === MAX_ROUNDS) return leader
    await pause(100)
  }
}
