// Stages 5 and 6 of a call: gives its records partitions and appends them for the Sender. Records for which that fails
// are reported at once.
import type { Appender } from './accumulate/appender.ts'
import { currentScope } from './delivery/invocation-scope.ts'
import { notSentError, type RecordError, TransportError } from './errors.ts'
import { type MetadataWait, MetadataWaits } from './partition/metadata-waits.ts'
import type { TopicPartitions } from './partition/partitioner.ts'
import type { RecordPartitioner } from './partition/record-partitioner.ts'
import type { Prepared, ProducerCall } from './producer-call.ts'
import type { SerializedRecord } from './record/producer-record.ts'
import type { ProducerMetadata } from './send/producer-metadata.ts'
import type { Clock } from './time/clock.ts'
import type { Deadline } from './time/deadline.ts'

export interface PreparedAppenderParts {
  readonly appender: Appender
  readonly partitioner: RecordPartitioner
  readonly metadata: ProducerMetadata
  readonly clock: Clock
  /** The setting `max.block.ms`. */
  readonly maxBlockMs: number
  /** No record lingers while a flush is in progress. */
  readonly isFlushing: () => boolean
}

type PartitionsOf = (topic: string) => TopicPartitions | RecordError

export class PreparedAppender {
  readonly #parts: PreparedAppenderParts
  readonly #waits: MetadataWaits

  constructor(parts: PreparedAppenderParts) {
    this.#parts = parts
    this.#waits = new MetadataWaits(parts.clock)
  }

  /**
   * Resolves when each of these records is appended or has a report. Records whose topic and partition are known are
   * appended before this returns, unless they must follow a record that waits for metadata.
   */
  append(records: readonly Prepared[], call: ProducerCall): Promise<unknown> {
    const { metadata, clock, maxBlockMs } = this.#parts
    const refusal = currentScope()?.refusal ?? deadlineError(call.deadline)
    if (refusal) return this.#appendNow(records, call, () => notSentError(refusal), maxBlockMs)
    const beganAt = clock.now()
    const topics = new Map<string, TopicPartitions>()
    let wait: MetadataWait | undefined
    const ready: Prepared[] = []
    const waiting: Prepared[] = []
    for (const prepared of records) {
      const { serialized } = prepared
      const { topic, partition = 0 } = serialized
      const partitions = topics.get(topic) ?? metadata.partitionsOf(topic)
      topics.set(topic, partitions)
      const isKnown = partition < partitions.count
      if (!isKnown || !this.#waits.isEmpty) wait ??= this.#waits.open()
      if (!wait || (isKnown && !wait.mustFollow(serialized, partitions.count))) ready.push(prepared)
      else {
        wait.add(serialized, partitions.count)
        waiting.push(prepared)
      }
    }
    const appendReady = () => this.#appendNow(ready, call, topic => topics.get(topic) as TopicPartitions, maxBlockMs)
    if (!wait) return appendReady()
    return Promise.all([
      ready.length > 0 && appendReady(),
      waiting.length > 0 && this.#appendLater(wait, waiting, call, beganAt),
    ])
  }

  async #appendLater(
    wait: MetadataWait,
    records: readonly Prepared[],
    call: ProducerCall,
    beganAt: number,
  ): Promise<void> {
    const { clock, maxBlockMs } = this.#parts
    const { deadline } = call
    const topics = new Map<string, TopicPartitions | RecordError>()
    const byTopic = Map.groupBy(records, ({ serialized }) => serialized.topic)
    await Promise.all(
      [...byTopic].map(
        async ([topic, ofTopic]) => void topics.set(topic, await this.#topicOrError(topic, ofTopic, deadline)),
      ),
    )
    for (const { serialized } of records) {
      const partitions = topics.get(serialized.topic)
      if (partitions && !(partitions instanceof Error)) wait.addPartitions(serialized, partitions.count)
    }
    const late = await wait.afterEarlier(deadline).catch(notSentError)
    const blockMs = maxBlockMs - (clock.now() - beganAt)
    const appended = this.#appendNow(records, call, topic => late ?? (topics.get(topic) as TopicPartitions), blockMs)
    wait.end()
    await appended
  }

  /** Takes the records' turn among all calls before it returns. Resolves when they are appended or have reports. */
  #appendNow(
    records: readonly Prepared[],
    call: ProducerCall,
    partitionsOf: PartitionsOf,
    blockMs: number,
  ): Promise<void> {
    const { appender, partitioner, isFlushing } = this.#parts
    const terms = { blockMs, lingerMs: () => (isFlushing() ? 0 : call.lingerMs) }
    return appender.append(records, call, terms, {
      toPartitioned: prepared => {
        call.throwIfStopped(prepared)
        const { serialized } = prepared
        const partitions = partitionsOf(serialized.topic)
        if (partitions instanceof Error) throw partitions
        return partitioner.partition(serialized, partitions)
      },
      checkAgain: prepared => call.throwIfStopped(prepared),
      refuse: (prepared, error) => call.fail(prepared, error),
    })
  }

  async #topicOrError(
    topic: string,
    records: readonly Prepared[],
    deadline: Deadline,
  ): Promise<TopicPartitions | RecordError> {
    try {
      return await this.#partitionsOf(topic, records, deadline)
    } catch (error) {
      return notSentError(error)
    }
  }

  /** Waits up to `max.block.ms` for a partition beyond the known count, because the topic may just have got it. */
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

function deadlineError(deadline: Deadline): TransportError | undefined {
  return deadline.passed
    ? new TransportError('deadline', 'The deadline had passed before the send began.', { retriable: true })
    : undefined
}
