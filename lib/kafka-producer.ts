// KafkaProducer: stages 3-8 in order, nothing else.
import type { Rider } from './accumulate/producer-batch.ts'
import { RecordAccumulator } from './accumulate/record-accumulator.ts'
import type { ProducerConfig } from './config/settings.ts'
import { type Delivered, type DeliveryReport, type Failed, refused, report } from './delivery/delivery-report.ts'
import { currentScope } from './delivery/invocation-scope.ts'
import { KafkaProducerError, orderGroupStopped, RecordFaultError, TransportError } from './errors.ts'
import { BuiltInPartitioner, type TopicPartitions } from './partition/built-in-partitioner.ts'
import type { PartitionedRecord, ProducerRecord, SerializedRecord } from './record/producer-record.ts'
import type { RecordMetadata } from './record/record-metadata.ts'
import { Sender } from './send/sender.ts'
import { RecordSerializer } from './serialize/record-serializer.ts'
import { type Clock, systemClock } from './time/clock.ts'
import { Deadline } from './time/deadline.ts'
import type { KafkaClient } from './transport/kafka-client.ts'
import { type ValidationRules, validateRecord } from './validate/record-validator.ts'

export interface ProducerMetrics {
  readonly dials: number
  readonly connections: number
  readonly producerIds: number
  readonly requests: number
  readonly batches: number
  readonly retries: number
  readonly metadataRefreshes: number
}

export interface KafkaProducerDependencies {
  readonly client: KafkaClient
  /** The topics that may be sent to and their rules; default: any topic, with a non-null key. */
  readonly rules?: ValidationRules
  readonly clock?: Clock
}

interface Prepared {
  readonly record: ProducerRecord
  readonly serialized: SerializedRecord
  readonly index: number
}

/** Order groups of a call that met a failure, with the index of the first: only records after it are held back. */
type StoppedGroups = Map<string, number>

type Appended = { readonly record: ProducerRecord; readonly sent: PartitionedRecord; readonly rider: Rider; readonly outcome: ReturnType<RecordAccumulator['append']>['outcome'] }

export class KafkaProducer {
  readonly #config: ProducerConfig
  readonly #client: KafkaClient
  readonly #rules: ValidationRules
  readonly #clock: Clock
  readonly #serializer: RecordSerializer
  readonly #partitioner = new BuiltInPartitioner()
  readonly #accumulator: RecordAccumulator
  readonly #sender: Sender
  #closed = false

  constructor(config: ProducerConfig, { client, rules = { anyTopic: true, keyRequired: true }, clock = systemClock }: KafkaProducerDependencies) {
    this.#config = config
    this.#client = client
    this.#rules = rules
    this.#clock = clock
    this.#serializer = new RecordSerializer(config.maxRequestSize)
    this.#accumulator = new RecordAccumulator(config.batchSize, clock)
    this.#sender = new Sender(client, this.#accumulator, {
      ...config,
      connectTimeoutMs: config.socketConnectionSetupTimeoutMs,
      brokerTimeoutMs: config.timeoutMs,
      clock,
    })
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
    await Promise.all([this.#sender.metadata.reach(deadline), this.#sender.identity.current ?? this.#sender.identity.request()])
  }

  /**
   * Sends one record.
   * @throws RecordFaultError the record is at fault · DeliveryError it was not acknowledged; `outcome` says what is known
   */
  send(record: ProducerRecord): Promise<RecordMetadata> {
    const work = this.#run([record], undefined).then(([only]) => {
      const { kind } = only as DeliveryReport
      if (kind === 'failed') throw (only as Failed).error
      return (only as Delivered).metadata
    })
    return currentScope()?.track(work) ?? work
  }

  /**
   * Sends all records and never rejects: one report per record, in their order. Each ends at its own outcome, at the latest
   * at the earliest of `deadline`, the invocation's and `delivery.timeout.ms`.
   */
  sendAll(records: readonly ProducerRecord[], deadline?: Deadline): Promise<DeliveryReport[]> {
    const work = this.#run(records, deadline)
    return currentScope()?.trackReports(work) ?? work
  }

  metrics(): ProducerMetrics {
    const { requests, batches, retries } = this.#sender.stats
    const { dials, open } = this.#client.stats
    return { dials, connections: open, producerIds: this.#sender.identity.count, requests, batches, retries, metadataRefreshes: this.#sender.metadata.refreshes }
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

  async #run(records: readonly ProducerRecord[], given: Deadline | undefined): Promise<DeliveryReport[]> {
    const scope = currentScope()
    scope?.refuseWhenClosed()
    const reports: DeliveryReport[] = new Array(records.length)
    if (!this.isUsable) return records.map(record => refused(record, undefined, new TransportError('unavailable', 'The producer is closed.'), this.#clock.wall()))
    const earliest = Math.min(given?.at ?? Number.POSITIVE_INFINITY, scope?.deadline?.at ?? Number.POSITIVE_INFINITY)
    const deadline = new Deadline(this.#clock, Math.min(earliest, this.#clock.now() + this.#config.deliveryTimeoutMs))
    const stopped: StoppedGroups = new Map()
    const ready = records.flatMap((record, index) => this.#prepare(record, index, reports, stopped))
    // Topics don't wait for one another, but where an order group may span them.
    const together = ready.some(({ record }) => record.orderGroup !== undefined)
    const parts = together ? [ready] : [...Map.groupBy(ready, ({ serialized }) => serialized.topic).values()]
    await Promise.all(parts.map(part => this.#sendPart(part, deadline, reports, stopped)))
    return reports
  }

  #prepare(record: ProducerRecord, index: number, reports: DeliveryReport[], stopped: StoppedGroups): Prepared[] {
    try {
      refuseWhenStopped(record, index, stopped)
      return [{ record, serialized: this.#serializer.serialize(validateRecord(record, this.#rules)), index }]
    } catch (error) {
      this.#refuse({ record, serialized: undefined, index }, error, reports, stopped)
      return []
    }
  }

  #refuse(
    { record, serialized, index }: Omit<Prepared, 'serialized'> & { serialized: SerializedRecord | undefined },
    error: unknown,
    reports: DeliveryReport[],
    stopped: StoppedGroups,
  ): void {
    reports[index] = refused(record, serialized, asProducerError(error), this.#clock.wall())
    const { orderGroup } = record
    if (orderGroup !== undefined) stopped.set(orderGroup, Math.min(index, stopped.get(orderGroup) ?? index))
  }

  async #sendPart(records: readonly Prepared[], deadline: Deadline, reports: DeliveryReport[], stopped: StoppedGroups): Promise<void> {
    const topics = new Map<string, TopicPartitions | KafkaProducerError>()
    const byTopic = Map.groupBy(records, ({ serialized }) => serialized.topic)
    await Promise.all([...byTopic].map(async ([topic, ofTopic]) => void topics.set(topic, await this.#topicOrError(topic, ofTopic, deadline))))
    const appended = new Map<number, Appended>()
    for (const prepared of records) {
      const { record, serialized, index } = prepared
      try {
        refuseWhenStopped(record, index, stopped)
        const partitions = topics.get(serialized.topic) as TopicPartitions | KafkaProducerError
        if (partitions instanceof KafkaProducerError) throw partitions
        const sent = this.#partitioner.partition(serialized, partitions)
        appended.set(index, { record, sent, ...this.#accumulator.append(sent, deadline) })
      } catch (error) {
        this.#refuse(prepared, error, reports, stopped)
      }
    }
    this.#sender.wakeup([...appended.values()].map(({ rider }) => rider))
    for (const [index, { record, sent, outcome }] of appended) reports[index] = report(record, sent, await outcome)
  }

  async #topicOrError(topic: string, records: readonly Prepared[], deadline: Deadline): Promise<TopicPartitions | KafkaProducerError> {
    try {
      const refusal = currentScope()?.refusal
      if (refusal) throw refusal
      if (deadline.passed) throw new TransportError('deadline', 'The time for sending was over before it began.', { retriable: true })
      return await this.#partitionsOf(topic, records, deadline)
    } catch (error) {
      return asProducerError(error)
    }
  }

  /** A partition beyond the known count forces one refresh: the topic may have grown. */
  async #partitionsOf(topic: string, records: readonly { serialized: SerializedRecord }[], deadline: Deadline): Promise<TopicPartitions> {
    const { metadata } = this.#sender
    const block = deadline.within(this.#config.maxBlockMs)
    const known = await metadata.forTopic(topic, block)
    const beyond = records.some(({ serialized }) => (serialized.partition ?? 0) >= known.count)
    return beyond ? metadata.forTopic(topic, block, metadata.requestRefresh()) : known
  }
}

function refuseWhenStopped({ orderGroup }: ProducerRecord, index: number, stopped: StoppedGroups): void {
  if (orderGroup !== undefined && index > (stopped.get(orderGroup) ?? Number.POSITIVE_INFINITY)) throw orderGroupStopped()
}

function asProducerError(error: unknown): KafkaProducerError {
  if (error instanceof RecordFaultError || error instanceof KafkaProducerError) return error
  return new KafkaProducerError('unavailable', 'An unexpected error; its cause has the details.', { cause: error })
}
