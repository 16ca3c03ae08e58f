// KafkaProducer: stages 3-8 in order, nothing else.
import { Appender } from './accumulate/appender.ts'
import { RecordAccumulator } from './accumulate/record-accumulator.ts'
import type { ProducerConfig } from './config/settings.ts'
import { configuredPartitioner, configuredSerializer } from './configured-classes.ts'
import { type Delivered, type DeliveryReport, type Failed, notSent, toReport } from './delivery/delivery-report.ts'
import { currentScope } from './delivery/invocation-scope.ts'
import { SendSpans } from './delivery/send-spans.ts'
import { InvalidRecordError, KafkaProducerError, orderGroupStopped, TransportError } from './errors.ts'
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
  /** The topics that may be sent to and their rules; default: any topic, with a non-null key. */
  readonly rules?: ValidationRules
  readonly clock?: Clock
  /** Is told what is wrong but is got over. */
  readonly warn?: (text: string) => void
}

interface Prepared {
  readonly record: ProducerRecord
  readonly serialized: SerializedRecord
  readonly index: number
}

/** What one call of send or sendAll shares over its records. */
interface Call {
  readonly deadline: Deadline
  readonly lingerMs: number
  readonly reports: DeliveryReport[]
  readonly stopped: StoppedGroups
}

/** Order groups of a call that met a failure, with the index of the first: only records after it are held back. */
type StoppedGroups = Map<string, number>

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
  /** Calls of send and sendAll whose records are not all settled. */
  readonly #calls = new Set<Promise<DeliveryReport[]>>()
  #flushes = 0
  /** The codec of compression.type is on its way. */
  #loading: Promise<void> | undefined
  #codecMissing: KafkaProducerError | undefined
  readonly #turns = new SerializationQueue()
  #closed = false

  /** @throws ConfigError when a class that a setting names can't be had */
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
    this.#appender = new Appender(this.#accumulator, config.bufferMemory, clock, pendingRecords =>
      this.#sender.wakeup(pendingRecords),
    )
    this.#sender = new Sender(client, this.#accumulator, {
      ...config,
      connectTimeoutMs: config.socketConnectionSetupTimeoutMs,
      ackTimeoutMs: config.ackTimeoutMs,
      acks: config.acks === 'all' ? -1 : config.acks === '1' ? 1 : 0,
      idempotent: config.enableIdempotence,
      maxInFlight: config.maxInFlightRequestsPerConnection,
      clock,
      onCompleted: pending => this.#appender.release(pending),
      isExhausted: () => this.#appender.isExhausted,
    })
    if (config.compressionType !== 'none') this.#loadCompression()
  }

  /** Closed, or ended by a defect: the factory makes another. */
  get isUsable(): boolean {
    return !this.#closed && this.#sender.broken === undefined
  }

  /**
   * Reaches the cluster and gets the producer id, so that the first send need not. Sending works without it.
   * @throws TransportError when no broker answered in time
   */
  async connect(deadline: Deadline = Deadline.after(this.#clock, this.#config.maxBlockMs)): Promise<void> {
    const { identity, metadata } = this.#sender
    await Promise.all([
      this.#loading,
      metadata.reach(deadline),
      this.#config.enableIdempotence ? (identity.current ?? identity.request()) : undefined,
    ])
  }

  /**
   * Sends one record.
   * @throws InvalidRecordError the record is at fault · DeliveryError it was not acknowledged; `outcome` says what is known
   */
  send(record: ProducerRecord): Promise<RecordMetadata> {
    const work = this.deliver([record], undefined, this.#config.lingerMs).then(([only]) => {
      const { kind } = only as DeliveryReport
      if (kind === 'failed') throw (only as Failed).error
      return (only as Delivered).metadata
    })
    return currentScope()?.track(work) ?? work
  }

  /**
   * Sends all records and never rejects: one report per record, in their order. Each ends at its own outcome, at the latest
   * at the earliest of `deadline`, the invocation's and `delivery.timeout.ms`. It does not wait for `linger.ms`.
   */
  sendAll(records: readonly ProducerRecord[], deadline?: Deadline): Promise<DeliveryReport[]> {
    const work = this.deliver(records, deadline)
    return currentScope()?.trackReports(work) ?? work
  }

  /**
   * The same outside any invocation's scope: for a caller that looks at every report itself.
   * @param lingerMs how long the records may wait for others
   */
  deliver(records: readonly ProducerRecord[], deadline?: Deadline, lingerMs = 0): Promise<DeliveryReport[]> {
    const scope = currentScope()
    if (lingerMs > 0) scope?.flushAtClose(this)
    const spans = SendSpans.begin(records, this.#config.clientId)
    const call = this.#run(spans?.records ?? records, deadline, lingerMs).finally(() => this.#calls.delete(call))
    this.#calls.add(call)
    // The span's last word is written before the caller hears: a frozen sandbox would write it later, or never.
    return spans ? spans.around(call) : call
  }

  /** Lets every batch leave now and waits until each record that was sent before this call has its outcome. */
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
   * A topic's partitions, asked for when they are not known.
   * @throws TransportError `topic-not-on-cluster`, or what kept every broker from answering, after `max.block.ms`
   */
  partitionsFor(topic: string): Promise<TopicPartitions> {
    return this.#sender.metadata.forTopic(topic, Deadline.after(this.#clock, this.#config.maxBlockMs))
  }

  metrics(): ProducerMetrics {
    const { epochBumps: _bumps, ...sent } = this.#sender.stats
    const { connectionAttempts, open } = this.#client.stats
    const { identity, metadata } = this.#sender
    return {
      ...sent,
      connectionAttempts,
      connections: open,
      producerIds: identity.count,
      metadataRefreshes: metadata.refreshes,
      bufferUsed: this.#appender.bufferUsed,
    }
  }

  /** Any broker answers a question within the deadline. */
  async isReachable(deadline: Deadline): Promise<boolean> {
    return this.#sender.metadata.reach(deadline).then(
      () => true,
      () => false,
    )
  }

  /** Settles what is still on its way as what is known of it, then closes every connection. */
  async close(): Promise<void> {
    this.#closed = true
    this.#sender.close()
    await this.#client.close(Deadline.after(this.#clock, 0))
  }

  async #run(
    records: readonly ProducerRecord[],
    given: Deadline | undefined,
    lingerMs: number,
  ): Promise<DeliveryReport[]> {
    const scope = currentScope()
    scope?.refuseWhenClosed()
    if (!this.isUsable)
      return records.map(record =>
        notSent(record, undefined, new TransportError('unavailable', 'The producer is closed.'), this.#clock.epochMs()),
      )
    const earliest = Math.min(given?.at ?? Number.POSITIVE_INFINITY, scope?.deadline?.at ?? Number.POSITIVE_INFINITY)
    const deadline = new Deadline(this.#clock, Math.min(earliest, this.#clock.now() + this.#config.deliveryTimeoutMs))
    const call: Call = { deadline, lingerMs, reports: new Array(records.length), stopped: new Map() }
    const ready = await this.#serializeAll(records, call)
    await this.#loading
    if (this.#codecMissing)
      return records.map(record =>
        notSent(record, undefined, this.#codecMissing as KafkaProducerError, this.#clock.epochMs()),
      )
    // Topics don't wait for one another, but where an order group may span them.
    const together = ready.some(({ record }) => record.orderGroup !== undefined)
    const parts = together ? [ready] : [...Map.groupBy(ready, ({ serialized }) => serialized.topic).values()]
    await Promise.all(parts.map(part => this.#sendPart(part, call)))
    return call.reports
  }

  /** Stages 3 and 4. */
  #serializeAll(records: readonly ProducerRecord[], call: Call): Prepared[] | Promise<Prepared[]> {
    return this.#turns.inOrder(records.map((record, index) => this.#prepare(record, index, call)))
  }

  #prepare(record: ProducerRecord, index: number, call: Call): Prepared[] | Promise<Prepared[]> {
    const refuse = (error: unknown): Prepared[] => {
      this.#refuse({ record, serialized: undefined, index }, error, call)
      return []
    }
    try {
      refuseWhenStopped(record, index, call.stopped)
      const serialized = this.#serializer.serialize(validateRecord(record, this.#rules))
      return serialized instanceof Promise
        ? serialized.then(bytes => [{ record, serialized: bytes, index }], refuse)
        : [{ record, serialized, index }]
    } catch (error) {
      return refuse(error)
    }
  }

  #refuse(
    { record, serialized, index }: Omit<Prepared, 'serialized'> & { serialized: SerializedRecord | undefined },
    error: unknown,
    { reports, stopped }: Call,
  ): void {
    reports[index] = notSent(record, serialized, asProducerError(error), this.#clock.epochMs())
    const { orderGroup } = record
    if (orderGroup !== undefined) stopped.set(orderGroup, Math.min(index, stopped.get(orderGroup) ?? index))
  }

  /** Stages 5 to 8. */
  async #sendPart(records: readonly Prepared[], call: Call): Promise<void> {
    const { deadline, lingerMs, reports, stopped } = call
    const begin = this.#clock.now()
    const topics = new Map<string, TopicPartitions | KafkaProducerError>()
    const byTopic = Map.groupBy(records, ({ serialized }) => serialized.topic)
    await Promise.all(
      [...byTopic].map(
        async ([topic, ofTopic]) => void topics.set(topic, await this.#topicOrError(topic, ofTopic, deadline)),
      ),
    )
    const terms = {
      deadline,
      blockMs: this.#config.maxBlockMs - (this.#clock.now() - begin),
      lingerMs: () => (this.#flushes > 0 ? 0 : lingerMs),
    }
    const appended = await this.#appender.append(
      records,
      ({ record, serialized, index }) => {
        refuseWhenStopped(record, index, stopped)
        const partitions = topics.get(serialized.topic) as TopicPartitions | KafkaProducerError
        if (partitions instanceof KafkaProducerError) throw partitions
        return this.#partitioner.partition(serialized, partitions)
      },
      terms,
      (prepared, error) => this.#refuse(prepared, error, call),
    )
    for (const { given, sent, outcome } of appended) reports[given.index] = toReport(given.record, sent, await outcome)
  }

  #loadCompression(): void {
    this.#loading = loadCompression(this.#config.compressionType)
      .then(
        compression => {
          this.#accumulator.compression = compression
        },
        cause => {
          this.#codecMissing = new KafkaProducerError(
            'unavailable',
            `compression.type ${this.#config.compressionType}: its codec can't be loaded.`,
            { cause },
          )
        },
      )
      .finally(() => {
        this.#loading = undefined
      })
  }

  async #topicOrError(
    topic: string,
    records: readonly Prepared[],
    deadline: Deadline,
  ): Promise<TopicPartitions | KafkaProducerError> {
    try {
      const refusal = currentScope()?.refusal
      if (refusal) throw refusal
      if (deadline.passed)
        throw new TransportError('deadline', 'The time for sending was over before it began.', { retriable: true })
      return await this.#partitionsOf(topic, records, deadline)
    } catch (error) {
      return asProducerError(error)
    }
  }

  /** A partition beyond the known count forces one refresh: the topic may have grown. */
  async #partitionsOf(
    topic: string,
    records: readonly { serialized: SerializedRecord }[],
    deadline: Deadline,
  ): Promise<TopicPartitions> {
    const { metadata } = this.#sender
    const block = deadline.limitedTo(this.#config.maxBlockMs)
    const known = await metadata.forTopic(topic, block)
    const beyond = records.some(({ serialized }) => (serialized.partition ?? 0) >= known.count)
    return beyond ? metadata.forTopic(topic, block, metadata.requestRefresh()) : known
  }
}

function refuseWhenStopped({ orderGroup }: ProducerRecord, index: number, stopped: StoppedGroups): void {
  if (orderGroup !== undefined && index > (stopped.get(orderGroup) ?? Number.POSITIVE_INFINITY))
    throw orderGroupStopped()
}

function asProducerError(error: unknown): KafkaProducerError {
  if (error instanceof InvalidRecordError || error instanceof KafkaProducerError) return error
  return new KafkaProducerError('unavailable', 'An unexpected error; its cause has the details.', { cause: error })
}
