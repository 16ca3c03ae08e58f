// One warm producer per configuration per container. Spring: ProducerFactory.
import type { ProducerConfig } from './config/settings.ts'
import { ConfigError } from './errors.ts'
import { KafkaProducer } from './kafka-producer.ts'
import { MskBootstrap } from './security/msk-bootstrap.ts'
import { Security } from './security/security.ts'
import { elapsedSince, type Moment, moment, systemClock } from './time/clock.ts'
import type { Deadline } from './time/deadline.ts'
import { PLAINTEXT } from './transport/connection-security.ts'
import type { KafkaClient } from './transport/kafka-client.ts'
import { KafkaJsClient } from './transport/kafkajs/kafkajs-client.ts'
import type { ValidationRules } from './validate/record-validator.ts'

export interface ProducerFactoryOptions {
  /** What `getProducer()` gives a producer for when it is asked without one. */
  readonly config?: ProducerConfig
  /** A producer older than this is replaced when it is next asked for, ms; its records end first. */
  readonly maxAge?: number
  readonly rules?: ValidationRules
  /** What a producer talks to the cluster with; default: the kafkajs driver. */
  readonly createClient?: (config: ProducerConfig) => KafkaClient
  /** Is told what is wrong but is got over. */
  readonly warn?: (text: string) => void
}

export class ProducerFactory {
  readonly #options: ProducerFactoryOptions
  readonly #producers = new Map<string, { readonly producer: KafkaProducer; readonly since: Moment }>()
  readonly #keys = new WeakMap<ProducerConfig, string>()
  readonly #objects = new WeakMap<object, number>()
  #nextObject = 0
  readonly #connecting = new Map<KafkaProducer, Promise<void>>()

  constructor(options: ProducerFactoryOptions = {}) {
    this.#options = options
  }

  get config(): ProducerConfig | undefined {
    return this.#options.config
  }

  /** Tells what is wrong but is got over. */
  warn(text: string): void {
    this.#options.warn?.(text)
  }

  /**
   * The container's producer for this configuration. One that is closed, broken or too old is replaced.
   * @throws ConfigError when a class or file that a setting names can't be had
   */
  getProducer(config: ProducerConfig | undefined = this.#options.config): KafkaProducer {
    if (!config) throw new ConfigError(['ProducerFactory: expected a configuration, got none.'])
    const key = this.#keyOf(config)
    const warm = this.#producers.get(key)
    const {
      createClient = own => createKafkaJsClient(own, text => this.warn(text)),
      rules,
      maxAge = Number.POSITIVE_INFINITY,
    } = this.#options
    const isOld = warm !== undefined && elapsedSince(systemClock, warm.since) > maxAge
    if (warm?.producer.isUsable && !isOld) return warm.producer
    if (warm && isOld) void retire(warm.producer)
    const producer = new KafkaProducer(config, {
      client: createClient(config),
      warn: text => this.warn(text),
      ...(rules ? { rules } : {}),
    })
    this.#producers.set(key, { producer, since: moment(systemClock) })
    return producer
  }

  /** Every producer is replaced when it is next asked for (Spring: `reset`). Resolves when the old ones' records have ended. */
  async reset(): Promise<void> {
    const old = [...this.#producers.values()]
    this.#producers.clear()
    await Promise.all(old.map(({ producer }) => retire(producer)))
  }

  /** Equal configurations share a producer; what code gave as an object or a class is equal only to itself. */
  #keyOf(config: ProducerConfig): string {
    // A handler asks with the same frozen object at every invocation.
    let key = this.#keys.get(config)
    if (key === undefined) {
      key = this.#toKey(config)
      this.#keys.set(config, key)
    }
    return key
  }

  #toKey(config: ProducerConfig): string {
    // A copy: the configuration itself hides its secrets, and two that differ in one are two.
    return JSON.stringify({ ...config }, (name, value: unknown) => {
      const isOwn =
        typeof value === 'function' ||
        (typeof value === 'object' && value !== null && /^(partitionerClass|keySerializer|valueSerializer)$/.test(name))
      if (!isOwn) return value
      const id = this.#objects.get(value) ?? this.#nextObject++
      this.#objects.set(value, id)
      return { object: id }
    })
  }

  /** Connects the container's producer; concurrent callers share one attempt, and a failed one is never kept. */
  connect(config: ProducerConfig, deadline?: Deadline): Promise<void> {
    const producer = this.getProducer(config)
    let connecting = this.#connecting.get(producer)
    if (!connecting) {
      connecting = producer.connect(deadline).finally(() => this.#connecting.delete(producer))
      this.#connecting.set(producer, connecting)
    }
    return connecting
  }

  async close(): Promise<void> {
    await Promise.all([...this.#producers.values()].map(({ producer }) => producer.close()))
    this.#producers.clear()
  }
}

/** The records that it has end first. */
async function retire(producer: KafkaProducer): Promise<void> {
  await producer.flush()
  await producer.close()
}

export function createKafkaJsClient(config: ProducerConfig, warn: (text: string) => void = () => {}): KafkaJsClient {
  const msk = config.mskClusterArn === undefined ? undefined : new MskBootstrap(config, warn)
  return new KafkaJsClient({
    ...config,
    bootstrap: msk ? (deadline, isStale) => msk.servers(deadline, isStale) : () => config.bootstrapServers,
    security: config.securityProtocol === 'PLAINTEXT' ? PLAINTEXT : new Security(config),
    connectTimeoutMs: config.socketConnectionSetupTimeoutMs,
    maxIdleMs: config.connectionsMaxIdleMs,
  })
}
