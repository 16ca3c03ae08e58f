// KafkaTemplate, the API for handlers and services, modelled on Spring's org.springframework.kafka.core.KafkaTemplate.
import { checkConfig, checkOptions, isFactory, kindOf, type OptionKind } from './check-options.ts'
import type { ProducerConfig } from './config/settings.ts'
import type { DeliveryReport } from './delivery/delivery-report.ts'
import { currentScope } from './delivery/invocation-scope.ts'
import { recordToJson } from './delivery/report-json.ts'
import { ConfigError, errorName, InvalidRecordError, notSentError, type RecordError } from './errors.ts'
import { checkRecordId, type RecordIdOption } from './identify-records.ts'
import type { CloseOptions, KafkaProducer } from './kafka-producer.ts'
import type { TopicPartitions } from './partition/partitioner.ts'
import type { ProducerFactory } from './producer-factory.ts'
import { LoggingProducerListener, type ProducerInterceptor, type ProducerListener } from './producer-listener.ts'
import type { ProducerMetrics } from './producer-metrics.ts'
import type { ProducerRecord } from './record/producer-record.ts'
import type { RecordMetadata } from './record/record-metadata.ts'
import { recordList } from './record-list.ts'
import { catchRejection, isThenable } from './time/thenable.ts'

/**
 * A sent record, with the partition and offset that it was written to. As JSON it shows the record without key, value
 * and headers.
 */
export interface SendResult<K = unknown, V = unknown> {
  readonly producerRecord: ProducerRecord<K, V>
  readonly recordMetadata: RecordMetadata
}

class WrittenRecord<K, V> implements SendResult<K, V> {
  readonly producerRecord: ProducerRecord<K, V>
  readonly recordMetadata: RecordMetadata

  constructor(producerRecord: ProducerRecord<K, V>, recordMetadata: RecordMetadata) {
    this.producerRecord = producerRecord
    this.recordMetadata = recordMetadata
  }

  toJSON(): object {
    return { ...this, producerRecord: recordToJson(this.producerRecord) }
  }
}

export interface KafkaTemplateOptions<K = unknown, V = unknown> {
  /** Default: the factory's configuration. */
  readonly config?: ProducerConfig<K, V>
  /** The topic of `sendDefault`. Default: `KAFKA_DEFAULT_TOPIC`. */
  readonly defaultTopic?: string
  /** Default: a listener that logs errors. */
  readonly listener?: ProducerListener<K, V>
  readonly interceptors?: readonly ProducerInterceptor<K, V>[]
  /**
   * Which id, in the header `kp-id`, a record gets that has none after the interceptors. Default: the factory's, or
   * `uuid`.
   */
  readonly recordId?: RecordIdOption<K, V>
}

const OPTIONS = {
  config: 'any',
  defaultTopic: 'text',
  listener: 'object',
  interceptors: 'any',
  recordId: 'any',
} as const satisfies Record<keyof KafkaTemplateOptions, OptionKind>

export type Timestamp = number | Date | null | undefined

const NO_DEFAULT_TOPIC =
  'KafkaTemplate: expected defaultTopic in its options or KAFKA_DEFAULT_TOPIC for sendDefault; got neither.'

/**
 * Sends records with the producer of a `ProducerFactory`.
 * @example
 * const template = new KafkaTemplate(new ProducerFactory({ config: parseConfig() }))
 * const { recordMetadata } = await template.send('chat', 'lobby', 'hello')
 */
export class KafkaTemplate<K = unknown, V = unknown> {
  readonly #factory: ProducerFactory
  readonly #config: ProducerConfig
  readonly #defaultTopic: string | undefined
  readonly #listener: ProducerListener<K, V>
  readonly #interceptors: readonly ProducerInterceptor<K, V>[]
  readonly #recordId: RecordIdOption

  /**
   * `K` and `V` follow from the serializers that code passes to `parseConfig` or `loadConfig`; without serializers they
   * are text or bytes. Name them if contracts, a file or the environment decide: `new KafkaTemplate<string,
   * Chat>(factory)`.
   * @throws ConfigError without a factory or a configuration, for an invalid or unknown option, or if a class that a
   *   setting names can't be loaded
   */
  constructor(factory: ProducerFactory<K, V>, options?: KafkaTemplateOptions<K, V>)
  constructor(factory: ProducerFactory, options?: KafkaTemplateOptions<K, V>)
  constructor(factory: ProducerFactory, options: KafkaTemplateOptions<K, V> = {}) {
    if (!isFactory(factory))
      throw new ConfigError([
        `KafkaTemplate: expected a ProducerFactory, as of new ProducerFactory({ config }), got ${kindOf(factory)}.`,
      ])
    checkOptions('KafkaTemplate', options, OPTIONS, problem => {
      if (options.config !== undefined) checkConfig(options.config, problem)
      if (options.interceptors !== undefined && !Array.isArray(options.interceptors))
        problem(`interceptors: expected a list, got ${kindOf(options.interceptors)}.`)
    })
    const {
      config = factory.config,
      listener = new LoggingProducerListener() as ProducerListener<K, V>,
      interceptors = [],
      recordId = factory.recordId ?? 'uuid',
    } = options
    if (!config)
      throw new ConfigError([
        'KafkaTemplate: expected a configuration, in its options or in the factory; got none. ' +
          'As in new ProducerFactory({ config: parseConfig() }).',
      ])
    checkRecordId(recordId)
    this.#factory = factory
    this.#config = config
    this.#defaultTopic = options.defaultTopic ?? config.defaultTopic
    this.#listener = listener
    this.#interceptors = interceptors
    this.#recordId = recordId as RecordIdOption
    factory.getProducer(config)
  }

  /**
   * Sends one record. A rejected promise that nobody awaits does not end the process; the listener gets its error.
   * @throws InvalidRecordError if the record is invalid; a retry does not help
   * @throws DeliveryError for any other failure; `outcome` says what is known about the record, `code` and `cause` say
   *   why
   */
  send(record: ProducerRecord<K, V>): Promise<SendResult<K, V>>
  send(topic: string, value: V | null): Promise<SendResult<K, V>>
  send(topic: string, key: K | null, value: V | null): Promise<SendResult<K, V>>
  send(topic: string, partition: number | null | undefined, key: K | null, value: V | null): Promise<SendResult<K, V>>
  /** @param timestamp milliseconds since the epoch, or a Date */
  send(
    topic: string,
    partition: number | null | undefined,
    timestamp: Timestamp,
    key: K | null,
    value: V | null,
  ): Promise<SendResult<K, V>>
  send(...args: [ProducerRecord<K, V>] | [string, ...unknown[]]): Promise<SendResult<K, V>> {
    const [first, ...rest] = args
    if (typeof first === 'string') return this.#sendTo(first, rest)
    return this.#tracked(rest.length === 0 ? this.#deliver(first) : this.#refuse(first, tooManyArguments()))
  }

  /**
   * Sends one record to the default topic.
   * @throws DeliveryError as `send`; also if there is no default topic, with a ConfigError as its cause
   */
  sendDefault(value: V | null): Promise<SendResult<K, V>>
  sendDefault(key: K | null, value: V | null): Promise<SendResult<K, V>>
  sendDefault(partition: number | null | undefined, key: K | null, value: V | null): Promise<SendResult<K, V>>
  sendDefault(
    partition: number | null | undefined,
    timestamp: Timestamp,
    key: K | null,
    value: V | null,
  ): Promise<SendResult<K, V>>
  sendDefault(...args: unknown[]): Promise<SendResult<K, V>> {
    if (this.#defaultTopic !== undefined) return this.#sendTo(this.#defaultTopic, args)
    return this.#tracked(this.#refuse(recordOf('', args), notSentError(new ConfigError([NO_DEFAULT_TOPIC]))))
  }

  /**
   * Sends all records without waiting for `linger.ms`. Never rejects: resolves with one report per record, in order.
   */
  sendAll(records: readonly ProducerRecord<K, V>[]): Promise<DeliveryReport[]> {
    const work = this.#deliverAll(records)
    return currentScope()?.trackReports(work) ?? work
  }

  /** Sends every waiting batch now, and waits until each record passed in before this call has its outcome. */
  flush(): Promise<void> {
    return this.#producer.flush()
  }

  /**
   * Returns a topic's partitions, and asks the brokers if they are unknown.
   * @throws InvalidRecordError `unknown-topic` if the text can't be a topic name; the brokers are then not asked
   * @throws TransportError if the brokers did not return the topic within `max.block.ms`
   */
  partitionsFor(topic: string): Promise<TopicPartitions> {
    return this.#producer.partitionsFor(topic)
  }

  metrics(): ProducerMetrics {
    return this.#producer.metrics()
  }

  /**
   * Sends waiting records and closes the producer of this template's configuration (Spring: `destroy`), which other
   * templates of the factory with the same configuration share. A later send of any of them opens a new producer.
   */
  close(options?: CloseOptions): Promise<void> {
    return this.#factory.closeProducer(this.#config, options)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #producer(): KafkaProducer {
    return this.#factory.getProducer(this.#config)
  }

  #sendTo(topic: string, values: readonly unknown[]): Promise<SendResult<K, V>> {
    const record = recordOf<K, V>(topic, values)
    return this.#tracked(values.length <= 4 ? this.#deliver(record) : this.#refuse(record, tooManyArguments()))
  }

  async #refuse(record: ProducerRecord<K, V>, error: RecordError): Promise<never> {
    this.#notify(record, null, error)
    throw error
  }

  #tracked(work: Promise<SendResult<K, V>>): Promise<SendResult<K, V>> {
    const scope = currentScope()
    if (scope) return scope.track(work)
    work.catch(() => undefined) // the listener got the error
    return work
  }

  async #deliver(original: ProducerRecord<K, V>): Promise<SendResult<K, V>> {
    const record = this.#intercept(original)
    const [report] = await this.#reports([record], this.#config.lingerMs)
    if (report?.kind !== 'delivered') throw report?.error
    return new WrittenRecord(report.record as ProducerRecord<K, V>, report.metadata)
  }

  async #deliverAll(records: readonly ProducerRecord<K, V>[]): Promise<DeliveryReport[]> {
    const list = recordList(records)
    return this.#reports(
      list.map(record => this.#intercept(record)),
      0,
    )
  }

  async #reports(records: readonly ProducerRecord<K, V>[], lingerMs: number): Promise<DeliveryReport[]> {
    let reports: DeliveryReport[]
    try {
      reports = await this.#producer.deliver(records, undefined, lingerMs, this.#recordId)
    } catch (error) {
      const reason = notSentError(error)
      for (const record of records) this.#notify(record, null, reason)
      throw reason
    }
    for (const report of reports) {
      const record = report.record as ProducerRecord<K, V>
      if (report.kind === 'delivered') this.#notify(record, report.metadata, null)
      else this.#notify(record, null, report.error)
    }
    return reports
  }

  #intercept(original: ProducerRecord<K, V>): ProducerRecord<K, V> {
    // A promise is refused as an invalid record, because what it resolves to is not known in time.
    return this.#interceptors.reduce(
      (record, interceptor) =>
        isThenable(record) ? record : (this.#guarded(() => interceptor.onSend?.(record)) ?? record),
      original,
    )
  }

  #notify(record: ProducerRecord<K, V>, metadata: RecordMetadata | null, error: RecordError | null): void {
    for (const interceptor of this.#interceptors) this.#guarded(() => interceptor.onAcknowledgement?.(metadata, error))
    if (metadata) this.#guarded(() => this.#listener.onSuccess?.(record, metadata))
    if (error) this.#guarded(() => this.#listener.onError?.(record, error))
  }

  /**
   * Runs a listener or an interceptor. An error in it does not change the record's outcome (Java:
   * ProducerInterceptors); nor does a promise that it returns and that rejects, for which nobody waits.
   */
  #guarded<T>(work: () => T): T | undefined {
    const onError = (error: unknown) => this.#factory.warn(`A listener or interceptor failed (${errorName(error)}).`)
    try {
      const result = work()
      catchRejection(result, onError)
      return result
    } catch (error) {
      onError(error)
      return undefined
    }
  }
}

/**
 * The error for too many arguments: an additional one would shift the others, so that another key and value were
 * written.
 */
function tooManyArguments(): InvalidRecordError {
  return new InvalidRecordError(
    'bad-value',
    'arguments: expected a record alone, or at most topic, partition, timestamp, key and value; got more. ' +
      'Headers are part of a record: send({ topic, key, value, headers }).',
  )
}

/** @param args (value) · (key, value) · (partition, key, value) · (partition, timestamp, key, value) */
function recordOf<K, V>(topic: string, args: readonly unknown[]): ProducerRecord<K, V> {
  const value = args.at(-1) as V | null
  const key = args.length > 1 ? (args.at(-2) as K | null) : null
  const partition = args.length > 2 ? (args[0] as number | null | undefined) : undefined
  const timestamp = args.length > 3 ? (args[1] as Timestamp) : undefined
  return { topic, key, value, ...(partition == null ? {} : { partition }), ...(timestamp == null ? {} : { timestamp }) }
}
