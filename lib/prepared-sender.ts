// Stages 5 to 8 of a call: its records get partitions, are appended, and are reported.
import type { Appender } from './accumulate/appender.ts'
import { toReport } from './delivery/delivery-report.ts'
import { currentScope } from './delivery/invocation-scope.ts'
import { type RecordError, TransportError } from './errors.ts'
import type { TopicPartitions } from './partition/partitioner.ts'
import type { RecordPartitioner } from './partition/record-partitioner.ts'
import { asRecordError, type Prepared, type ProducerCall } from './producer-call.ts'
import type { SerializedRecord } from './record/producer-record.ts'
import type { ProducerMetadata } from './send/producer-metadata.ts'
import type { Clock } from './time/clock.ts'
import type { Deadline } from './time/deadline.ts'

export interface PreparedSenderParts {
  readonly appender: Appender
  readonly partitioner: RecordPartitioner
  readonly metadata: ProducerMetadata
  readonly clock: Clock
  /** `max.block.ms` */
  readonly maxBlockMs: number
  /** No record lingers while a flush is in progress. */
  readonly isFlushing: () => boolean
}

export class PreparedSender {
  readonly #parts: PreparedSenderParts

  constructor(parts: PreparedSenderParts) {
    this.#parts = parts
  }

  /** Resolves when the call has a report for each of these records. */
  async send(records: readonly Prepared[], call: ProducerCall): Promise<void> {
    const { appender, partitioner, clock, maxBlockMs, isFlushing } = this.#parts
    const { deadline, lingerMs, reports } = call
    const beganAt = clock.now()
    const topics = new Map<string, TopicPartitions | RecordError>()
    const byTopic = Map.groupBy(records, ({ serialized }) => serialized.topic)
    await Promise.all(
      [...byTopic].map(
        async ([topic, ofTopic]) => void topics.set(topic, await this.#topicOrError(topic, ofTopic, deadline)),
      ),
    )
    const terms = {
      deadline,
      blockMs: maxBlockMs - (clock.now() - beganAt),
      lingerMs: () => (isFlushing() ? 0 : lingerMs),
    }
    const appended = await appender.append(
      records,
      prepared => {
        call.throwIfStopped(prepared)
        const { serialized } = prepared
        const partitions = topics.get(serialized.topic) as TopicPartitions | RecordError
        if (partitions instanceof Error) throw partitions
        return partitioner.partition(serialized, partitions)
      },
      terms,
      (prepared, error) => call.fail(prepared, error),
    )
    for (const { source, partitioned, outcome } of appended)
      reports[source.index] = toReport(source.record, partitioned, await outcome)
  }

  async #topicOrError(
    topic: string,
    records: readonly Prepared[],
    deadline: Deadline,
  ): Promise<TopicPartitions | RecordError> {
    try {
      const refusal = currentScope()?.refusal
      if (refusal) throw refusal
      if (deadline.passed)
        throw new TransportError('deadline', 'The deadline had passed before the send began.', { retriable: true })
      return await this.#partitionsOf(topic, records, deadline)
    } catch (error) {
      return asRecordError(error)
    }
  }

  /** Waits for a partition beyond the known count, up to `max.block.ms`: the topic may just have got it. */
  async #partitionsOf(
    topic: string,
    records: readonly { serialized: SerializedRecord }[],
    deadline: Deadline,
  ): Promise<TopicPartitions> {
    const { metadata, maxBlockMs } = this.#parts
    const blockUntil = deadline.limitedTo(maxBlockMs)
    const partitions = await metadata.forTopic(topic, blockUntil)
    const highest = records.reduce((max, { serialized }) => Math.max(max, serialized.partition ?? 0), 0)
    return highest < partitions.count ? partitions : metadata.withPartition(topic, highest, blockUntil)
  }
}
