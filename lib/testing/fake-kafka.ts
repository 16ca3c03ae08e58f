// A Kafka cluster in memory, for unit tests of code that sends records: it acknowledges records by itself, fails when a
// test names a failure, and returns the records that it has.
import { checkOptions, type OptionKind } from '../check-options.ts'
import { parseConfig } from '../config/parse-config.ts'
import type { CommonOptions, SerializerOptions } from '../config/producer-options.ts'
import type { Serialized, SerializerOption } from '../config/serialized-types.ts'
import { ProducerFactory } from '../producer-factory.ts'
import type { KafkaClient } from '../transport/kafka-client.ts'
import { type FakeFailure, FakeKafkaClient, isFakeFailure } from './fake-kafka-client.ts'
import { type FakeRecord, FakeTopic } from './fake-topic.ts'

export interface FakeKafkaOptions {
  /** The topics that exist, each with its number of partitions. Default: every topic exists, with `partitions`. */
  readonly topics?: Readonly<Record<string, number>>
  /** The number of partitions of a topic that `topics` does not list. Default: 3. */
  readonly partitions?: number
  /** Milliseconds of real time until an answer. Default: 0. */
  readonly latencyMs?: number
}

export interface FailNextOptions {
  /** How many batches fail; a request with several partitions has one batch for each. Default: 1. */
  readonly times?: number
  /** The topic whose batches fail. Default: every topic. */
  readonly topic?: string
}

/** Decode the bytes of a key or value for a test. Default for each: text (UTF-8). */
export interface FakeRecordDecoders<K, V> {
  readonly key?: (bytes: Buffer) => K
  readonly value?: (bytes: Buffer) => V
}

interface Fault {
  readonly failure: FakeFailure
  readonly topic: string | undefined
  times: number
}

const OPTIONS = {
  topics: 'object',
  partitions: 'any',
  latencyMs: 'number',
} as const satisfies Record<keyof FakeKafkaOptions, OptionKind>

/**
 * Creates a cluster of three brokers in memory. It uses real time, acknowledges every record at once, and checks
 * sequence numbers as brokers do, so that a retry is never written twice.
 */
export function createFakeKafka(options: FakeKafkaOptions = {}): FakeKafka {
  return new FakeKafka(options)
}

export class FakeKafka {
  readonly #options: FakeKafkaOptions
  readonly #topics = new Map<string, FakeTopic>()
  #faults: Fault[] = []
  #producerIds = 0n

  /** @throws ConfigError for an unknown option · TypeError if a number of partitions is not an integer of at least 1 */
  constructor(options: FakeKafkaOptions = {}) {
    checkOptions('createFakeKafka', options, OPTIONS, problem => {
      if (Array.isArray(options.topics))
        problem('topics: expected partitions by topic, such as { orders: 3 }, got a list.')
    })
    this.#options = options
    for (const [topic, partitions] of Object.entries({ ...options.topics, 'other topics': options.partitions ?? 3 }))
      if (!Number.isInteger(partitions) || partitions < 1)
        throw new TypeError(`partitions of ${topic}: expected an integer of at least 1; got ${partitions}.`)
  }

  /**
   * Returns a factory whose producers talk to this cluster.
   * @param options settings by their names in code; the environment is not read
   * @throws ConfigError for invalid settings
   */
  producerFactory<
    const K extends SerializerOption | undefined = undefined,
    const V extends SerializerOption | undefined = undefined,
  >(options: CommonOptions & SerializerOptions<K, V> = {}): ProducerFactory<Serialized<K>, Serialized<V>> {
    const servers: CommonOptions = { bootstrapServers: ['fake-1:9092', 'fake-2:9092'] }
    const config = parseConfig<K, V>({ ...servers, ...options }, {})
    return new ProducerFactory({ config, createClient: this.createClient })
  }

  /** Creates a client of this cluster, for `new ProducerFactory({ config, createClient: kafka.createClient })`. */
  readonly createClient = (): KafkaClient =>
    new FakeKafkaClient({
      topic: name => this.#topic(name),
      failureOf: topic => this.#failureOf(topic),
      nextProducerId: () => ++this.#producerIds,
      latencyMs: this.#options.latencyMs ?? 0,
    })

  /**
   * Returns the records of one topic, or of all topics, in the order in which they arrived.
   * @example kafka.records('orders', { value: bytes => JSON.parse(bytes.toString()) as Order })
   */
  records<K = string, V = string>(topic?: string, decoders: FakeRecordDecoders<K, V> = {}): FakeRecord<K, V>[] {
    const topics = topic === undefined ? [...this.#topics.values()] : [this.#topics.get(topic)]
    return topics
      .flatMap(each => each?.stored ?? [])
      .sort((a, b) => a.arrival - b.arrival)
      .map(({ record: { key, value, ...rest } }) => ({
        ...rest,
        key: key && ((decoders.key ?? textOf)(key) as K),
        value: value && ((decoders.value ?? textOf)(value) as V),
      }))
  }

  /** Deletes the records. Offsets continue, as after records are deleted in Kafka. */
  clear(): void {
    for (const topic of this.#topics.values()) topic.clear()
  }

  /**
   * Makes the next batches fail, each of which has the records of one partition. If the failure is retriable, the
   * producer retries it.
   * @throws ConfigError for an unknown option · TypeError for an unknown failure, or if `times` is not an integer of at
   *   least 1
   */
  failNext(failure: FakeFailure, options: FailNextOptions = {}): void {
    checkOptions('failNext', options, { times: 'any', topic: 'text' })
    const { times = 1, topic } = options
    if (!Number.isInteger(times) || times < 1)
      throw new TypeError(`times: expected an integer of at least 1; got ${times}.`)
    this.#addFault(failure, topic, times)
  }

  /**
   * Makes every request that sends records fail, until `recover()`. With `unreachable`, requests for metadata fail,
   * too. With a retriable failure the producer retries until the record's deadline, so set a short
   * `delivery.timeout.ms`.
   * @throws ConfigError for an unknown option · TypeError for an unknown failure
   */
  fail(failure: FakeFailure, options: { readonly topic?: string } = {}): void {
    checkOptions('fail', options, { topic: 'text' })
    this.#addFault(failure, options.topic, Number.POSITIVE_INFINITY)
  }

  /** Ends all failures. */
  recover(): void {
    this.#faults = []
  }

  #addFault(failure: FakeFailure, topic: string | undefined, times: number): void {
    if (!isFakeFailure(failure)) throw new TypeError(`Expected the name of a failure; got ${String(failure)}.`)
    this.#faults.push({ failure, topic, times })
  }

  /** @param topic undefined: a request without a topic, which only a lasting failure affects */
  #failureOf(topic: string | undefined): FakeFailure | undefined {
    const fault = this.#faults.find(each =>
      topic === undefined
        ? each.topic === undefined && each.times === Number.POSITIVE_INFINITY
        : each.topic === undefined || each.topic === topic,
    )
    if (!fault) return undefined
    if (topic !== undefined && --fault.times === 0) this.#faults.splice(this.#faults.indexOf(fault), 1)
    return fault.failure
  }

  #topic(name: string): FakeTopic | undefined {
    const { topics, partitions = 3 } = this.#options
    const existing = this.#topics.get(name)
    if (existing || (topics && !Object.hasOwn(topics, name))) return existing
    const created = new FakeTopic(name, topics?.[name] ?? partitions)
    this.#topics.set(name, created)
    return created
  }
}

function textOf(bytes: Buffer): string {
  return bytes.toString()
}
