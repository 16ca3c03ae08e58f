// Keeps one warm producer per configuration and container (Spring: ProducerFactory).
import { checkConfig, checkOptions, type OptionKind } from './check-options.ts'
import type { ProducerConfig } from './config/settings.ts'
import { configuredTokenProvider } from './configured-classes.ts'
import { clientOptionsOf, mskOptionsOf } from './configured-options.ts'
import { Invocations } from './delivery/invocations.ts'
import { ConfigError, errorName } from './errors.ts'
import { checkRecordId, type RecordIdOption } from './identify-records.ts'
import { type CloseOptions, KafkaProducer } from './kafka-producer.ts'
import { MskBootstrap } from './security/msk-bootstrap.ts'
import { Security } from './security/security.ts'
import { elapsedSince, type Moment, moment, systemClock } from './time/clock.ts'
import type { Deadline } from './time/deadline.ts'
import { PLAINTEXT } from './transport/connection-security.ts'
import type { KafkaClient } from './transport/kafka-client.ts'
import { KafkaJsClient } from './transport/kafkajs/kafkajs-client.ts'
import { checkRules, type ValidationRules } from './validate/record-validator.ts'
import { guardedWarn, type Warn } from './warn.ts'

export interface ProducerFactoryOptions<K = unknown, V = unknown> {
  /** The configuration that `getProducer()` uses when it is called without one. */
  readonly config?: ProducerConfig<K, V>
  /**
   * Milliseconds after which `getProducer()` replaces a producer, once no record waits in it and no invocation is in
   * progress; otherwise the new producer could write a later record of a key first. Default: never.
   */
  readonly maxAge?: number
  /** Which topics may be sent to, and what their records need. Default: any topic, with or without a key. */
  readonly rules?: ValidationRules
  /**
   * Which id records without a `kp-id` header get. Default: `none`; the middleware and KafkaTemplate have another
   * default.
   */
  readonly recordId?: RecordIdOption
  /** Creates the client with which a producer talks to the cluster. Default: the kafkajs driver. */
  readonly createClient?: (config: ProducerConfig) => KafkaClient
  /** Called with problems that do not stop the producer. Default: `process.emitWarning`, a line on stderr. */
  readonly warn?: (text: string) => void
}

const OPTIONS = {
  config: 'any',
  maxAge: 'number',
  rules: 'any',
  recordId: 'any',
  createClient: 'function',
  warn: 'function',
} as const satisfies Record<keyof ProducerFactoryOptions, OptionKind>

/** Keeps one warm producer per configuration, for as long as the process lives. */
export class ProducerFactory<K = unknown, V = unknown> {
  readonly #options: ProducerFactoryOptions<K, V>
  readonly #producers = new Map<string, { readonly producer: KafkaProducer; readonly since: Moment }>()
  readonly #keys = new WeakMap<ProducerConfig, string>()
  readonly #objects = new WeakMap<object, number>()
  #nextObject = 0
  /** The number of `connect` calls that wait for a producer. */
  readonly #connecting = new Map<KafkaProducer, number>()

  /** Reports a problem that does not stop the producer. */
  readonly warn: (text: string) => void
  /** The invocations in which `kafkaProducer()` has provided one of this factory's producers. */
  readonly invocations = new Invocations()

  /** @throws ConfigError for an invalid or unknown option */
  constructor(options: ProducerFactoryOptions<K, V> = {}) {
    checkOptions('ProducerFactory', options, OPTIONS, problem => {
      if (options.config !== undefined) checkConfig(options.config, problem)
      checkRules(options.rules, problem)
    })
    if (options.recordId !== undefined) checkRecordId(options.recordId)
    this.#options = options
    this.warn = guardedWarn(options.warn)
  }

  get config(): ProducerConfig<K, V> | undefined {
    return this.#options.config
  }

  get recordId(): RecordIdOption | undefined {
    return this.#options.recordId
  }

  /**
   * Returns the container's producer for this configuration, and replaces one that is closed, broken or too old. So
   * call this for every send or invocation instead of keeping the producer.
   * @throws ConfigError if a class or file that a setting names can't be loaded
   */
  getProducer(config: ProducerConfig | undefined = this.#options.config): KafkaProducer {
    if (!config) throw new ConfigError(['ProducerFactory: expected a configuration, got none.'])
    const key = this.#keyOf(config)
    const warm = this.#producers.get(key)
    const {
      createClient = producerConfig => createKafkaJsClient(producerConfig, this.warn),
      rules,
      recordId,
      maxAge = Number.POSITIVE_INFINITY,
    } = this.#options
    if (warm?.producer.isUsable) {
      if (elapsedSince(systemClock, warm.since) <= maxAge || !this.#isReplaceable(warm.producer)) return warm.producer
      warm.producer.close().catch(error => this.warn(`An old producer could not be closed (${errorName(error)}).`))
    }
    const producer = new KafkaProducer(config, {
      client: createClient(config),
      warn: this.warn,
      ...(rules ? { rules } : {}),
      ...(recordId ? { recordId } : {}),
    })
    this.#producers.set(key, { producer, since: moment(systemClock) })
    return producer
  }

  /**
   * Whether nobody uses the producer: records in it would lose their order, and an invocation may hold it before it
   * sends a record.
   */
  #isReplaceable(producer: KafkaProducer): boolean {
    return producer.isIdle && !this.#connecting.has(producer) && this.invocations.active === 0
  }

  /**
   * Removes every producer, so that `getProducer()` creates new ones (Spring: `reset`). Resolves when the old producers
   * have completed their records (`KafkaProducer.close`) and are closed. Until then new producers may write records
   * before those of the old ones, so await it if the order of a key matters.
   */
  async reset(options?: CloseOptions): Promise<void> {
    const old = [...this.#producers.values()]
    this.#producers.clear()
    await Promise.all(old.map(({ producer }) => producer.close(options)))
  }

  /**
   * Completes the records of one configuration's producer and closes it, as `close` does for all producers. A later
   * send opens a new producer.
   */
  async closeProducer(
    config: ProducerConfig | undefined = this.#options.config,
    options?: CloseOptions,
  ): Promise<void> {
    const key = config && this.#keyOf(config)
    const warm = key === undefined ? undefined : this.#producers.get(key)
    if (key !== undefined) this.#producers.delete(key)
    await warm?.producer.close(options)
  }

  /**
   * Returns a key that is the same for equal configurations, which share a producer. Objects and classes that code
   * passed in only equal themselves.
   */
  #keyOf(config: ProducerConfig): string {
    // A handler passes the same frozen object in every invocation.
    let key = this.#keys.get(config)
    if (key === undefined) {
      key = this.#toKey(config)
      this.#keys.set(config, key)
    }
    return key
  }

  #toKey(config: ProducerConfig): string {
    // A copy without the configuration's toJSON, which hides secrets: configurations that differ in a secret are
    // different.
    return JSON.stringify({ ...config }, (name, value: unknown) => {
      const isClassOrInstance =
        typeof value === 'function' ||
        (typeof value === 'object' && value !== null && /^(partitionerClass|keySerializer|valueSerializer)$/.test(name))
      if (!isClassOrInstance) return value
      const id = this.#objects.get(value) ?? this.#nextObject++
      this.#objects.set(value, id)
      return { object: id }
    })
  }

  /**
   * Connects the container's producer. Concurrent callers share one attempt, each until its own deadline; a call after
   * a failure tries again.
   */
  async connect(config: ProducerConfig, deadline?: Deadline): Promise<void> {
    const producer = this.getProducer(config)
    this.#connecting.set(producer, (this.#connecting.get(producer) ?? 0) + 1)
    try {
      await producer.connect(deadline)
    } finally {
      const others = (this.#connecting.get(producer) ?? 1) - 1
      if (others > 0) this.#connecting.set(producer, others)
      else this.#connecting.delete(producer)
    }
  }

  /**
   * Completes the records of every producer and closes it, as `reset` does (Spring: `destroy`). Until then its
   * connections keep the process alive. A later send opens a new producer.
   */
  close(options?: CloseOptions): Promise<void> {
    return this.reset(options)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Creates the default client, in which kafkajs connects, authenticates and sends the small requests. */
export function createKafkaJsClient(config: ProducerConfig, warn?: Warn): KafkaClient {
  return createDriver(config, warn)
}

/** Creates the same client, with the requests that only this library makes. */
export function createDriver(config: ProducerConfig, onWarning?: Warn): KafkaJsClient {
  const warn = guardedWarn(onWarning)
  const msk = config.mskClusterArn === undefined ? undefined : new MskBootstrap(mskOptionsOf(config), warn)
  return new KafkaJsClient({
    ...clientOptionsOf(config),
    bootstrap: msk ? (deadline, isStale) => msk.servers(deadline, isStale) : () => config.bootstrapServers,
    security:
      config.securityProtocol === 'PLAINTEXT'
        ? PLAINTEXT
        : new Security(config, { warn, tokenProvider: configuredTokenProvider(config) }),
  })
}
