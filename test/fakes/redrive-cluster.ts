// The producer and the logs of a redrive, in memory.
import { type DeliveryReport, notSent } from '../../lib/delivery/delivery-report.ts'
import { TransportError } from '../../lib/errors.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import type { RedriveLog } from '../../lib/redrive/redrive.ts'
import { deadLetterOf } from '../support/dead-letter.ts'

/** Accepts all records except those of some topics, which fail with a code. */
export function producerOf(
  failing: Readonly<Record<string, 'topic-not-on-cluster' | 'authorization' | 'unreachable'>> = {},
) {
  const batches: ProducerRecord[][] = []
  return {
    batches,
    sent: () => batches.flat().map(({ topic, value }) => `${topic}:${value}`),
    isReachable: async () => Object.values(failing).every(code => code !== 'unreachable'),
    async sendAll(records: readonly ProducerRecord[]): Promise<DeliveryReport[]> {
      batches.push(records.filter(({ topic }) => !failing[topic]))
      return records.map((record, index) => {
        const code = failing[record.topic]
        if (code)
          return notSent(record, undefined, new TransportError(code, 'refused', { retriable: true }), Date.now())
        const metadata = {
          topic: record.topic,
          partition: 0,
          offset: BigInt(index),
          timestamp: 0,
          proof: 'all',
          serializedKeySize: 1,
          serializedValueSize: 1,
        } as const
        return { kind: 'delivered', record, metadata, attempts: 1 }
      })
    },
  }
}

/** Empty logs of topics with one partition each. */
export const logOf = (
  topics: Readonly<Record<string, Readonly<Record<string, string>> | 'missing' | 'unknown'>>,
): RedriveLog => ({
  clusterId: async () => 'cluster',
  start: async () => 0n,
  end: async () => 0n,
  offsetAt: async () => 0n,
  batchAt: async () => undefined,
  partitions: async () => 1,
  async *readBatches() {},
  settings: async names =>
    new Map(
      names.flatMap((name): [string, ReadonlyMap<string, string> | TransportError][] => {
        const settings = topics[name] ?? 'unknown'
        if (settings === 'unknown') return []
        if (settings === 'missing') return [[name, new TransportError('topic-not-on-cluster', 'It does not exist.')]]
        return [[name, new Map(Object.entries({ ...KEEPS_ALL, ...settings }))]]
      }),
    ),
})

/** The settings of a topic that keeps every record. */
export const KEEPS_ALL = { 'retention.ms': '-1', 'message.timestamp.type': 'CreateTime', 'cleanup.policy': 'delete' }

/** Dead letters whose ids are `<topic>-0`, `<topic>-1` …, and whose values are the numbers. */
export const many = (count: number, topic: string) =>
  Array.from({ length: count }, (_, n) => deadLetterOf(`${topic}-${n}`, `${n}`, topic))
