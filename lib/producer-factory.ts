// One warm producer per configuration per container. Spring: ProducerFactory.
import type { ProducerConfig } from './config/settings.ts'
import { KafkaProducer } from './kafka-producer.ts'
import { MskBootstrap } from './security/msk-bootstrap.ts'
import { Security } from './security/security.ts'
import type { Deadline } from './time/deadline.ts'
import { PLAINTEXT } from './transport/connection-security.ts'
import type { KafkaClient } from './transport/kafka-client.ts'
import { KafkaJsClient } from './transport/kafkajs/kafkajs-client.ts'
import type { ValidationRules } from './validate/record-validator.ts'

export interface ProducerFactoryOptions {
  readonly rules?: ValidationRules
  /** What a producer talks to the cluster with; default: the kafkajs driver. */
  readonly createClient?: (config: ProducerConfig) => KafkaClient
  /** Is told what is wrong but is got over. */
  readonly warn?: (text: string) => void
}

export class ProducerFactory {
  readonly #options: ProducerFactoryOptions
  readonly #producers = new Map<string, KafkaProducer>()
  readonly #objects = new WeakMap<object, number>()
  #nextObject = 0
  readonly #connecting = new Map<KafkaProducer, Promise<void>>()

  constructor(options: ProducerFactoryOptions = {}) {
    this.#options = options
  }

  /** The container's producer for this configuration. One that is closed or broken is replaced. */
  producer(config: ProducerConfig): KafkaProducer {
    const key = this.#keyOf(config)
    const warm = this.#producers.get(key)
    if (warm?.isUsable) return warm
    const { warn = () => {}, createClient = own => createKafkaJsClient(own, warn), rules } = this.#options
    const producer = new KafkaProducer(config, { client: createClient(config), warn, ...(rules ? { rules } : {}) })
    this.#producers.set(key, producer)
    return producer
  }

  /** Equal configurations share a producer; what code gave as an object or a class is equal only to itself. */
  #keyOf(config: ProducerConfig): string {
    return JSON.stringify(config, (name, value: unknown) => {
      const isOwn = typeof value === 'function' || (typeof value === 'object' && value !== null && /^(partitionerClass|keySerializer|valueSerializer)$/.test(name))
      if (!isOwn) return value
      const id = this.#objects.get(value) ?? this.#nextObject++
      this.#objects.set(value, id)
      return { object: id }
    })
  }

  /** Connects the container's producer; concurrent callers share one attempt, and a failed one is never kept. */
  connect(config: ProducerConfig, deadline?: Deadline): Promise<void> {
    const producer = this.producer(config)
    let connecting = this.#connecting.get(producer)
    if (!connecting) {
      connecting = producer.connect(deadline).finally(() => this.#connecting.delete(producer))
      this.#connecting.set(producer, connecting)
    }
    return connecting
  }

  async close(): Promise<void> {
    await Promise.all([...this.#producers.values()].map(producer => producer.close()))
    this.#producers.clear()
  }
}

export function createKafkaJsClient(config: ProducerConfig, warn: (text: string) => void = () => {}): KafkaClient {
  const msk = config.mskClusterArn === undefined ? undefined : new MskBootstrap(config, warn)
  return new KafkaJsClient({
    ...config,
    bootstrap: msk ? (deadline, isStale) => msk.servers(deadline, isStale) : () => config.bootstrapServers,
    security: config.securityProtocol === 'PLAINTEXT' ? PLAINTEXT : new Security(config),
    connectTimeoutMs: config.socketConnectionSetupTimeoutMs,
    maxIdleMs: config.connectionsMaxIdleMs,
  })
}
