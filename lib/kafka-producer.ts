// KafkaProducer runs stages 3 to 8 in order.
import { Appender } from './accumulate/appender.ts'
import { RecordAccumulator } from './accumulate/record-accumulator.ts'
import type { ProducerConfig } from './config/settings.ts'
import { configuredPartitioner, configuredSerializer } from './configured-classes.ts'
import { senderOptionsOf } from './configured-options.ts'
import { type DeliveryReport, notSent, toReport } from './delivery/delivery-report.ts'
import { currentScope } from './delivery/invocation-scope.ts'
import { SendSpans } from './delivery/send-spans.ts'
import { isRecordError, orderGroupStopped, type RecordError, TransportError, unexpectedError } from './errors.ts'
import type { TopicPartitions } from './partition/partitioner.ts'
import { RecordPartitioner } from './partition/record-partitioner.ts'
import type { ProducerMetrics } from './producer-metrics.ts'
import type { ProducerRecord, SerializedRecord } from './record/producer-record.ts'
import type { RecordMetadata } from './record/record-metadata.ts'
import { Sender } from './send/sender.ts'
import { RecordSerializer } from './serialize/record-serializer.ts'
import { SerializationQueue } from './serialize/serialization-queue.ts'
import { type Clock, systemClock } from './time/clock.ts'
import { Deadline } from './time/deadline.ts'
import type { KafkaClient } from './transport/kafka-client.ts'
import { type ValidationRules, validateRecord } from './validate/record-validator.ts'
import { loadCompression } from './wire-format/compress.ts'

export interface KafkaProducerDependencies {
  readonly client: KafkaClient
  /** The topics that may be sent to, and their rules. Default: any topic, with a non-null key. */
  readonly rules?: ValidationRules
  readonly clock?: Clock
  /** Called with problems that do not stop the producer. */
  readonly warn?: (text: string) => void
}

interface Prepared {
  readonly record: ProducerRecord
  readonly serialized: SerializedRecord
  readonly index: number
}

/** Shared by the records of one call of send or sendAll. */
interface Call {
  readonly deadline: Deadline
  readonly lingerMs: number
  readonly reports: DeliveryReport[]
  readonly stopped: StoppedGroups
}

/**
 * The order groups of a call that had a failure → the index of the first one; only the records after it are held back.
 */
type StoppedGroups = Map<string, number>

/** Sends records to Kafka. Create it with a `ProducerFactory`, which keeps one per configuration. */
export class KafkaProducer {
  readonly #config: ProducerConfig
  readonly #client: KafkaClient
  readonly #rules: ValidationRules
  readonly #clock: Clock
  readonly #serializer: RecordSerializer
  readonly #partitioner: RecordPartitioner
  readonly #appender: Appender
  readonly #accumulator: RecordAccumulator
  readonly #sender: Sender
  /** Calls of send and sendAll that still have records without an outcome. */
  readonly #calls = new Set<Promise<DeliveryReport[]>>()
  /** Calls of `flush` in progress. */
  #flushes = 0
  /** Pending load of the compression codec. */
  #loadingCodec: Promise<void> | undefined
  #codecError: TransportError | undefined
  readonly #serializationQueue = new SerializationQueue()
  #closed = false

  /** @throws ConfigError when a class that a setting names can't be loaded */
  constructor(
    config: ProducerConfig,
    {
      client,
      rules = { anyTopic: true, keyRequired: true },
      clock = systemClock,
      warn = () => {},
    }: KafkaProducerDependencies,
  ) {
    this.#config = config
    this.#client = client
    this.#rules = rules
    this.#clock = clock
    this.#serializer = new RecordSerializer(
      config.maxRequestSize,
      configuredSerializer('keySerializer', config),
      configuredSerializer('valueSerializer', config),
    )
    const { partitioner, isCustom } = configuredPartitioner(config)
    this.#partitioner = new RecordPartitioner(partitioner, isCustom ? warn : undefined)
    this.#accumulator = new RecordAccumulator(config.batchSize, clock)
    this.#appender = new Appender(this.#accumulator, config.bufferMemory, clock, records => this.#sender.add(records))
    this.#sender = new Sender(client, this.#accumulator, {
      ...senderOptionsOf(config),
      clock,
      onCompleted: pending => this.#appender.release(pending),
      isExhausted: () => this.#appender.isExhausted,
      onBroken: error => {
        warn(`An internal error (${nameOf(error)}) stopped the producer; its records' errors have it as their cause.`)
        client.close(Deadline.after(clock, 0)).catch(() => warn('The connections of the stopped producer stay open.'))
      },
    })
    if (config.compressionType !== 'none') this.#loadCompression()
  }

  /** False when it is closed or stopped by an internal error; the factory then creates another. */
  get isUsable(): boolean {
    return !this.#closed && this.#sender.broken === undefined
  }

  /**
   * Connects and gets the producer id ahead of the first send. Optional: a send does both when needed.
   * @throws TransportError when no broker answered before the deadline (default: `max.block.ms`)
   */
  async connect(deadline: Deadline = Deadline.after(this.#clock, this.#config.maxBlockMs)): Promise<void> {
    const { identity, metadata } = this.#sender
    await Promise.all([
      this.#loadingCodec,
      metadata.reach(deadline),
      this.#config.enableIdempotence ? (identity.current ?? identity.request()) : undefined,
    ])
  }

  /**
   * Sends one record; it may wait `linger.ms` for others.
   * @throws InvalidRecordError the record is invalid
   * @throws DeliveryError it was not acknowledged; `outcome` says what is known
   */
  send(record: ProducerRecord): Promise<RecordMetadata> {
    const work = this.deliver([record], undefined, this.#config.lingerMs).then(reports => {
      const [report] = reports as [DeliveryReport]
      if (report.kind === 'failed') throw report.error
      return report.metadata
    })
    return currentScope()?.track(work) ?? work
  }

  /**
   * Sends all records without waiting for `linger.ms`; never rejects. Resolves with one report per record, in order,
   * once each has its outcome: at the latest at the earliest of `deadline`, the invocation's deadline and
   * `delivery.timeout.ms`.
   */
  sendAll(records: readonly ProducerRecord[], deadline?: Deadline): Promise<DeliveryReport[]> {
    const work = this.deliver(records, deadline)
    return currentScope()?.trackReports(work) ?? work
  }

  /**
   * Like `sendAll`, but a failure does not fail the invocation: for callers that look at every report.
   * @param lingerMs how long the records may wait for others, ms
   */
  deliver(records: readonly ProducerRecord[], deadline?: Deadline, lingerMs = 0): Promise<DeliveryReport[]> {
    const scope = currentScope()
    if (lingerMs > 0) scope?.flushAtClose(this)
    // A copy: the caller may change its list.
    const list = Array.from(records)
    const spans = SendSpans.begin(list, this.#config.clientId)
    const call = this.#run(spans?.records ?? list, deadline, lingerMs).finally(() => this.#calls.delete(call))
    this.#calls.add(call)
    // The spans end before the caller gets its reports: a sandbox frozen after its answer would end them later, or
    // never.
    return spans ? spans.endWith(call) : call
  }

  /** Sends every waiting batch now, and waits until each record that was passed in before has its outcome. */
  async flush(): Promise<void> {
    this.#flushes++
    try {
      this.#accumulator.flush()
      this.#sender.requestRun()
      await Promise.allSettled([...this.#calls])
    } finally {
      this.#flushes--
    }
  }

  /**
   * Returns a topic's partitions; asks the brokers when they are not known.
   * @throws TransportError after `max.block.ms`: `topic-not-on-cluster`, or why no broker answered
   */
  partitionsFor(topic: string): Promise<TopicPartitions> {
    return this.#sender.metadata.forTopic(topic, Deadline.after(this.#clock, this.#config.maxBlockMs))
  }

  metrics(): ProducerMetrics {
    const { epochBumps: _bumps, ...sent } = this.#sender.stats
    const { connectionAttempts, openConnections } = this.#client.stats
    const { identity, metadata } = this.#sender
    return {
      ...sent,
      connectionAttempts,
      connections: openConnections,
      producerIds: identity.count,
      metadataRefreshes: metadata.refreshes,
      bufferUsed: this.#appender.bufferUsed,
    }
  }

  /** Whether any broker answers a request before the deadline. */
  async isReachable(deadline: Deadline): Promise<boolean> {
    return this.#sender.metadata.reach(deadline).then(
      () => true,
      () => false,
    )
  }

  /** Completes the remaining records with what is known of them, then closes every connection. */
  async close(): Promise<void> {
    this.#closed = true
    this.#sender.close()
    await this.#client.close(Deadline.after(this.#clock, 0))
  }

  async #run(
    records: readonly ProducerRecord[],
    callDeadline: Deadline | undefined,
    lingerMs: number,
  ): Promise<DeliveryReport[]> {
    const scope = currentScope()
    scope?.throwIfClosed()
    if (!this.isUsable)
      return records.map(record => notSent(record, undefined, this.#unusable(), this.#clock.epochMs()))
    const deadline = new Deadline(
      this.#clock,
      Math.min(
        callDeadline?.at ?? Number.POSITIVE_INFINITY,
        scope?.deadline?.at ?? Number.POSITIVE_INFINITY,
        this.#clock.now() + this.#config.deliveryTimeoutMs,
      ),
    )
    const call: Call = { deadline, lingerMs, reports: new Array(records.length), stopped: new Map() }
    const ready = await this.#serializeAll(records, call)
    await this.#loadingCodec
    if (this.#codecError)
      return records.map(record =>
        notSent(record, undefined, this.#codecError as TransportError, this.#clock.epochMs()),
      )
    // Topics don't wait for one another, unless an order group may span them.
    const hasOrderGroup = ready.some(({ serialized }) => serialized.orderGroup !== undefined)
    const parts = hasOrderGroup ? [ready] : [...Map.groupBy(ready, ({ serialized }) => serialized.topic).values()]
    await Promise.all(parts.map(part => this.#sendPart(part, call)))
    return call.reports
  }

  #unusable(): TransportError {
    const { broken } = this.#sender
    return broken === undefined
      ? new TransportError('unavailable', 'The producer is closed.', { causeCode: 'CLOSED' })
      : new TransportError('unavailable', 'An internal error has stopped the producer; the cause is that error.', {
          causeCode: 'INTERNAL_ERROR',
          cause: broken,
        })
  }

  /** Stages 3 and 4. */
  #serializeAll(records: readonly ProducerRecord[], call: Call): Prepared[] | Promise<Prepared[]> {
    return this.#serializationQueue.inOrder(records.map((record, index) => this.#prepare(record, index, call)))
  }

  #prepare(record: ProducerRecord, index: number, call: Call): Prepared[] | Promise<Prepared[]> {
    const fail = (error: unknown): Prepared[] => {
      this.#fail({ record, serialized: undefined, index }, error, call)
      return []
    }
    try {
      throwIfStopped(record, index, call.stopped)
      const serialized = this.#serializer.serialize(validateRecord(record, this.#rules))
      return serialized instanceof Promise
        ? serialized.then(bytes => [{ record, serialized: bytes, index }], fail)
        : [{ record, serialized, index }]
    } catch (error) {
      return fail(error)
    }
  }

  /** Reports a record that was not sent, and holds back the later ones of its order group. */
  #fail(
    { record, serialized, index }: Omit<Prepared, 'serialized'> & { serialized: SerializedRecord | undefined },
    error: unknown,
    { reports, stopped }: Call,
  ): void {
    reports[index] = notSent(record, serialized, asRecordError(error), this.#clock.epochMs())
    const orderGroup = orderGroupOf(record)
    if (orderGroup !== undefined) stopped.set(orderGroup, Math.min(index, stopped.get(orderGroup) ?? index))
  }

  /** Stages 5 to 8. */
  async #sendPart(records: readonly Prepared[], call: Call): Promise<void> {
    const { deadline, lingerMs, reports, stopped } = call
    const beganAt = this.#clock.now()
    const topics = new Map<string, TopicPartitions | RecordError>()
    const byTopic = Map.groupBy(records, ({ serialized }) => serialized.topic)
    await Promise.all(
      [...byTopic].map(
        async ([topic, ofTopic]) => void topics.set(topic, await this.#topicOrError(topic, ofTopic, deadline)),
      ),
    )
    const terms = {
      deadline,
      blockMs: this.#config.maxBlockMs - (this.#clock.now() - beganAt),
      lingerMs: () => (this.#flushes > 0 ? 0 : lingerMs),
    }
    const appended = await this.#appender.append(
      records,
      ({ record, serialized, index }) => {
        throwIfStopped(record, index, stopped)
        const partitions = topics.get(serialized.topic) as TopicPartitions | RecordError
        if (partitions instanceof Error) throw partitions
        return this.#partitioner.partition(serialized, partitions)
      },
      terms,
      (prepared, error) => this.#fail(prepared, error, call),
    )
    for (const { source, partitioned, outcome } of appended)
      reports[source.index] = toReport(source.record, partitioned, await outcome)
  }

  #loadCompression(): void {
    this.#loadingCodec = loadCompression(this.#config.compressionType)
      .then(
        compression => {
          this.#accumulator.compression = compression
        },
        cause => {
          this.#codecError = new TransportError(
            'unavailable',
            `compression.type ${this.#config.compressionType}: its codec can't be loaded.`,
            { cause },
          )
        },
      )
      .finally(() => {
        this.#loadingCodec = undefined
      })
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

  /** Refreshes the metadata once if a record names a partition beyond the known count: the topic may have grown. */
  async #partitionsOf(
    topic: string,
    records: readonly { serialized: SerializedRecord }[],
    deadline: Deadline,
  ): Promise<TopicPartitions> {
    const { metadata } = this.#sender
    const blockUntil = deadline.limitedTo(this.#config.maxBlockMs)
    const partitions = await metadata.forTopic(topic, blockUntil)
    const isBeyond = records.some(({ serialized }) => (serialized.partition ?? 0) >= partitions.count)
    return isBeyond ? metadata.forTopic(topic, blockUntil, metadata.requestRefresh()) : partitions
  }
}

/** @throws TransportError `order-group-stopped` after an earlier record of the group failed */
function throwIfStopped(record: ProducerRecord, index: number, stopped: StoppedGroups): void {
  const orderGroup = orderGroupOf(record)
  if (orderGroup !== undefined && index > (stopped.get(orderGroup) ?? Number.POSITIVE_INFINITY))
    throw orderGroupStopped()
}

/** Also of a record that stage 3 refuses. */
function orderGroupOf(record: ProducerRecord | null): string | undefined {
  return record?.orderGroup ?? undefined
}

function asRecordError(error: unknown): RecordError {
  return isRecordError(error) ? error : unexpectedError(error)
}

/** Not the message of a foreign error, which may quote a payload. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
