// KafkaTemplate: what handlers and services send with. Spring: org.springframework.kafka.core.KafkaTemplate.
import type { ProducerConfig } from './config/settings.ts'
import type { DeliveryReport } from './delivery/delivery-report.ts'
import { currentScope } from './delivery/invocation-scope.ts'
import { ConfigError, KafkaProducerError } from './errors.ts'
import type { KafkaProducer } from './kafka-producer.ts'
import type { TopicPartitions } from './partition/partitioner.ts'
import type { ProducerFactory } from './producer-factory.ts'
import { LoggingProducerListener, type ProducerInterceptor, type ProducerListener } from './producer-listener.ts'
import type { ProducerMetrics } from './producer-metrics.ts'
import type { ProducerRecord } from './record/producer-record.ts'
import type { RecordMetadata } from './record/record-metadata.ts'

/** A record and where it is. */
export interface SendResult<K = unknown, V = unknown> {
  readonly producerRecord: ProducerRecord<K, V>
  readonly recordMetadata: RecordMetadata
}

export interface KafkaTemplateOptions<K = unknown, V = unknown> {
  /** Default: the factory's. */
  readonly config?: ProducerConfig
  /** Of `sendDefault`; default: KAFKA_DEFAULT_TOPIC. */
  readonly defaultTopic?: string
  /** Default: errors are logged. */
  readonly listener?: ProducerListener<K, V>
  readonly interceptors?: readonly ProducerInterceptor<K, V>[]
}

type Partition = number | null | undefined

/**
 * @example
 * const template = new KafkaTemplate<string, string>(new ProducerFactory({ config: parseConfig() }))
 * const { recordMetadata } = await template.send('chat', 'lobby', 'hello')
 */
export class KafkaTemplate<K = unknown, V = unknown> {
  readonly #factory: ProducerFactory
  readonly #config: ProducerConfig
  readonly #defaultTopic: string | undefined
  readonly #listener: ProducerListener<K, V>
  readonly #interceptors: readonly ProducerInterceptor<K, V>[]

  /** @throws ConfigError without a configuration, or when a class that a setting names can't be had */
  constructor(factory: ProducerFactory, options: KafkaTemplateOptions<K, V> = {}) {
    const {
      config = factory.config,
      listener = new LoggingProducerListener() as ProducerListener<K, V>,
      interceptors = [],
    } = options
    if (!config)
      throw new ConfigError(['KafkaTemplate: expected a configuration, of the factory or of its own; got none.'])
    this.#factory = factory
    this.#config = config
    this.#defaultTopic = options.defaultTopic ?? config.defaultTopic
    this.#listener = listener
    this.#interceptors = interceptors
    factory.getProducer(config)
  }

  /**
   * Sends one record. Awaiting the promise is the synchronous form; one that nobody awaits does not end the process, its
   * error goes to the listener.
   * @throws InvalidRecordError the record is at fault · DeliveryError it was not acknowledged; `outcome` says what is known
   */
  send(record: ProducerRecord<K, V>): Promise<SendResult<K, V>>
  send(topic: string, value: V | null): Promise<SendResult<K, V>>
  send(topic: string, key: K | null, value: V | null): Promise<SendResult<K, V>>
  send(topic: string, partition: Partition, key: K | null, value: V | null): Promise<SendResult<K, V>>
  /** @param timestamp milliseconds since the epoch */
  send(
    topic: string,
    partition: Partition,
    timestamp: number | null | undefined,
    key: K | null,
    value: V | null,
  ): Promise<SendResult<K, V>>
  send(...given: [ProducerRecord<K, V>] | [string, ...unknown[]]): Promise<SendResult<K, V>> {
    const [first, ...rest] = given
    return this.#tracked(typeof first === 'string' ? recordOf<K, V>(first, rest) : first)
  }

  /**
   * The same to the default topic.
   * @throws ConfigError without one
   */
  sendDefault(value: V | null): Promise<SendResult<K, V>>
  sendDefault(key: K | null, value: V | null): Promise<SendResult<K, V>>
  sendDefault(partition: Partition, key: K | null, value: V | null): Promise<SendResult<K, V>>
  sendDefault(
    partition: Partition,
    timestamp: number | null | undefined,
    key: K | null,
    value: V | null,
  ): Promise<SendResult<K, V>>
  sendDefault(...given: unknown[]): Promise<SendResult<K, V>> {
    if (this.#defaultTopic === undefined)
      return Promise.reject(
        new ConfigError(['KafkaTemplate: expected defaultTopic or KAFKA_DEFAULT_TOPIC for sendDefault; got neither.']),
      )
    return this.#tracked(recordOf<K, V>(this.#defaultTopic, given))
  }

  /** Sends all records without waiting for `linger.ms`, and never rejects: one report per record, in their order. */
  sendAll(records: readonly ProducerRecord<K, V>[]): Promise<DeliveryReport[]> {
    const work = this.#deliverAll(records)
    return currentScope()?.trackReports(work) ?? work
  }

  /** Lets every batch leave now and waits until each record that was sent before this call has its outcome. */
  flush(): Promise<void> {
    return this.#producer.flush()
  }

  /** @throws TransportError when the topic is not known after `max.block.ms` */
  partitionsFor(topic: string): Promise<TopicPartitions> {
    return this.#producer.partitionsFor(topic)
  }

  metrics(): ProducerMetrics {
    return this.#producer.metrics()
  }

  get #producer(): KafkaProducer {
    return this.#factory.getProducer(this.#config)
  }

  #tracked(given: ProducerRecord<K, V>): Promise<SendResult<K, V>> {
    const work = this.#deliver(given)
    const scope = currentScope()
    if (scope) return scope.track(work)
    work.catch(() => undefined) // the listener has heard of it
    return work
  }

  async #deliver(given: ProducerRecord<K, V>): Promise<SendResult<K, V>> {
    const record = this.#intercept(given)
    const [report] = await this.#reports([record], this.#config.lingerMs)
    if (report?.kind !== 'delivered') throw report?.error
    return { producerRecord: record, recordMetadata: report.metadata }
  }

  #deliverAll(records: readonly ProducerRecord<K, V>[]): Promise<DeliveryReport[]> {
    return this.#reports(
      records.map(record => this.#intercept(record)),
      0,
    )
  }

  async #reports(records: readonly ProducerRecord<K, V>[], lingerMs: number): Promise<DeliveryReport[]> {
    let reports: DeliveryReport[]
    try {
      reports = await this.#producer.deliver(records, undefined, lingerMs)
    } catch (error) {
      const known =
        error instanceof KafkaProducerError
          ? error
          : new KafkaProducerError('unavailable', 'An unexpected error; its cause has the details.', { cause: error })
      for (const record of records) this.#notify(record, null, known)
      throw known
    }
    reports.forEach((report, index) => {
      const record = records[index] as ProducerRecord<K, V>
      if (report.kind === 'delivered') this.#notify(record, report.metadata, null)
      else this.#notify(record, null, report.error)
    })
    return reports
  }

  #intercept(given: ProducerRecord<K, V>): ProducerRecord<K, V> {
    return this.#interceptors.reduce(
      (record, interceptor) => this.#guarded(() => interceptor.onSend?.(record)) ?? record,
      given,
    )
  }

  #notify(record: ProducerRecord<K, V>, metadata: RecordMetadata | null, error: KafkaProducerError | null): void {
    for (const interceptor of this.#interceptors) this.#guarded(() => interceptor.onAcknowledgement?.(metadata, error))
    if (metadata) this.#guarded(() => this.#listener.onSuccess?.(record, metadata))
    if (error) this.#guarded(() => this.#listener.onError?.(record, error))
  }

  /** What a listener or an interceptor throws changes no record's fate (Java: ProducerInterceptors). */
  #guarded<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      this.#factory.warn(`A listener or interceptor threw (${error instanceof Error ? error.name : typeof error}).`)
      return undefined
    }
  }
}

/** (value) · (key, value) · (partition, key, value) · (partition, timestamp, key, value) */
function recordOf<K, V>(topic: string, given: readonly unknown[]): ProducerRecord<K, V> {
  const value = given.at(-1) as V | null
  const key = given.length > 1 ? (given.at(-2) as K | null) : null
  const partition = given.length > 2 ? (given[0] as Partition) : undefined
  const timestamp = given.length > 3 ? (given[1] as number | null | undefined) : undefined
  return { topic, key, value, ...(partition == null ? {} : { partition }), ...(timestamp == null ? {} : { timestamp }) }
}
