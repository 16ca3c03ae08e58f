// One warm producer per configuration per container. Spring: ProducerFactory.
import type { ProducerConfig } from './config/settings.ts'
import { clientOptionsOf, mskOptionsOf } from './configured-options.ts'
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
import { guardedWarn } from './warn.ts'

export interface ProducerFactoryOptions {
  /** The configuration that `getProducer()` uses when it is called without one. */
  readonly config?: ProducerConfig
  /** Milliseconds. `getProducer()` replaces a producer that is older; the old one first completes its records. */
  readonly maxAge?: number
  /** The topics that may be sent to, and their rules. Default: any topic, with a non-null key. */
  readonly rules?: ValidationRules
  /** Creates the client that a producer talks to the cluster with. Default: the kafkajs driver. */
  readonly createClient?: (config: ProducerConfig) => KafkaClient
  /** Called with problems that do not stop the producer. Default: `console.warn`. */
  readonly warn?: (text: string) => void
}

/** Keeps one warm producer per configuration, for as long as the process lives. */
export class ProducerFactory {
  readonly #options: ProducerFactoryOptions
  readonly #producers = new Map<string, { readonly producer: KafkaProducer; readonly since: Moment }>()
  readonly #keys = new WeakMap<ProducerConfig, string>()
  readonly #objects = new WeakMap<object, number>()
  #nextObject = 0
  readonly #connecting = new Map<KafkaProducer, Promise<void>>()

  /** Reports a problem that does not stop the producer. */
  readonly warn: (text: string) => void

  constructor(options: ProducerFactoryOptions = {}) {
    this.#options = options
    this.warn = guardedWarn(options.warn ?? (text => console.warn(text)))
  }

  get config(): ProducerConfig | undefined {
    return this.#options.config
  }

  /**
   * Returns the container's producer for this configuration. One that is closed, broken or too old is replaced.
   * @throws ConfigError when a class or file that a setting names can't be loaded
   */
  getProducer(config: ProducerConfig | undefined = this.#options.config): KafkaProducer {
    if (!config) throw new ConfigError(['ProducerFactory: expected a configuration, got none.'])
    const key = this.#keyOf(config)
    const warm = this.#producers.get(key)
    const {
      createClient = producerConfig => createKafkaJsClient(producerConfig, this.warn),
      rules,
      maxAge = Number.POSITIVE_INFINITY,
    } = this.#options
    const isOld = warm !== undefined && elapsedSince(systemClock, warm.since) > maxAge
    if (warm?.producer.isUsable && !isOld) return warm.producer
    if (warm && isOld) void retire(warm.producer)
    const producer = new KafkaProducer(config, {
      client: createClient(config),
      warn: this.warn,
      ...(rules ? { rules } : {}),
    })
    this.#producers.set(key, { producer, since: moment(systemClock) })
    return producer
  }

  /**
   * Drops every producer, so that `getProducer()` creates new ones (Spring: `reset`). Resolves when the old ones have
   * completed their records and are closed.
   */
  async reset(): Promise<void> {
    const old = [...this.#producers.values()]
    this.#producers.clear()
    await Promise.all(old.map(({ producer }) => retire(producer)))
  }

  /** Equal configurations share a producer. Objects and classes that code passed in are equal only to themselves. */
  #keyOf(config: ProducerConfig): string {
    // A handler passes the same frozen object at every invocation.
    let key = this.#keys.get(config)
    if (key === undefined) {
      key = this.#toKey(config)
      this.#keys.set(config, key)
    }
    return key
  }

  #toKey(config: ProducerConfig): string {
    // A copy, because the configuration's own toJSON hides its secrets, and two that differ in a secret are different.
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
   * Connects the container's producer. Concurrent callers share one attempt; the next call after a failure tries again.
   */
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

/** Completes the producer's records, then closes it. */
async function retire(producer: KafkaProducer): Promise<void> {
  await producer.flush()
  await producer.close()
}

export function createKafkaJsClient(config: ProducerConfig, warn: (text: string) => void = () => {}): KafkaJsClient {
  const msk = config.mskClusterArn === undefined ? undefined : new MskBootstrap(mskOptionsOf(config), warn)
  return new KafkaJsClient({
    ...clientOptionsOf(config),
    bootstrap: msk ? (deadline, isStale) => msk.servers(deadline, isStale) : () => config.bootstrapServers,
    security: config.securityProtocol === 'PLAINTEXT' ? PLAINTEXT : new Security(config),
  })
}
