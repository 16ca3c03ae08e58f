// A Kafka cluster in memory for unit tests of code that sends records: it acknowledges by itself, fails by name, and
// returns what it holds.
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
  /** The number of batches that fail; a request for several partitions has one of each. Default: 1. */
  readonly times?: number
  /** Default: every topic. */
  readonly topic?: string
}

/** Turn the bytes of a key or value into what a test compares. Default of each: text (UTF-8). */
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
 * Creates a cluster of three brokers in memory. Time is real, every record is acknowledged at once, and sequence
 * numbers are checked as brokers check them, so a retry is never written twice.
 */
export function createFakeKafka(options: FakeKafkaOptions = {}): FakeKafka {
  return new FakeKafka(options)
}

export class FakeKafka {
  readonly #options: FakeKafkaOptions
  readonly #topics = new Map<string, FakeTopic>()
  #faults: Fault[] = []
  #producerIds = 0n

  /**
   * @throws ConfigError for an option that there is not · TypeError for a number of partitions that is not an integer
   * from 1 on
   */
  constructor(options: FakeKafkaOptions = {}) {
    checkOptions('createFakeKafka', options, OPTIONS, problem => {
      if (Array.isArray(options.topics))
        problem('topics: expected partitions by topic, such as { orders: 3 }, got a list.')
    })
    this.#options = options
    for (const [topic, partitions] of Object.entries({ ...options.topics, 'other topics': options.partitions ?? 3 }))
      if (!Number.isInteger(partitions) || partitions < 1)
        throw new TypeError(`partitions of ${topic}: expected an integer from 1 on; got ${partitions}.`)
  }

  /**
   * Returns a factory whose producers talk to this cluster.
   * @param options settings as in code; the environment is not read
   * @throws ConfigError for wrong settings
   */
  producerFactory<
    const K extends SerializerOption | undefined = undefined,
    const V extends SerializerOption | undefined = undefined,
  >(options: CommonOptions & SerializerOptions<K, V> = {}): ProducerFactory<Serialized<K>, Serialized<V>> {
    const servers: CommonOptions = { bootstrapServers: ['fake-1:9092', 'fake-2:9092'] }
    const config = parseConfig<K, V>({ ...servers, ...options }, {})
    return new ProducerFactory({ config, createClient: this.createClient })
  }

  /** For `new ProducerFactory({ config, createClient: kafka.createClient })`. */
  readonly createClient = (): KafkaClient =>
    new FakeKafkaClient({
      topic: name => this.#topic(name),
      failureOf: topic => this.#failureOf(topic),
      nextProducerId: () => ++this.#producerIds,
      latencyMs: this.#options.latencyMs ?? 0,
    })

  /**
   * Returns the records in the order in which they arrived: of one topic, or of all.
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

  /** Forgets the records. Offsets go on, as after a deletion of records in Kafka. */
  clear(): void {
    for (const topic of this.#topics.values()) topic.clear()
  }

  /**
   * Lets the next batches fail, each of which has records for one partition; a retriable failure is then retried by the
   * producer.
   * @throws ConfigError for an option that there is not · TypeError for a name that is no failure · `times` that is not
   * an integer from 1 on
   */
  failNext(failure: FakeFailure, options: FailNextOptions = {}): void {
    checkOptions('failNext', options, { times: 'any', topic: 'text' })
    const { times = 1, topic } = options
    if (!Number.isInteger(times) || times < 1)
      throw new TypeError(`times: expected an integer from 1 on; got ${times}.`)
    this.#addFault(failure, topic, times)
  }

  /**
   * Lets every request that sends records fail, until `recover()`. `unreachable` fails the requests for metadata, too.
   * A retriable failure ends at the record's deadline: set `delivery.timeout.ms` low.
   * @throws ConfigError for an option that there is not · TypeError for a name that is no failure
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

  /** @param topic undefined: a request that is of no topic, which only lasting failures concern */
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
