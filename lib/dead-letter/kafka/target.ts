// Stores dead letters in a Kafka topic, e.g. `<topic>-dlt`, with a separate producer that is created on first use.
import type { DeliveryReport } from '../../delivery/delivery-report.ts'
import { outsideScopes } from '../../delivery/invocation-scope.ts'
import { ConfigError, DeadLetterError } from '../../errors.ts'
import type { Deadline } from '../../time/deadline.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  DEAD_LETTER_TOO_LARGE,
  type DeadLetterProducer,
  type DeadLetterTarget,
  type DeadLetterTargetKind,
  type DeadLetterTargetServices,
  type StoreResult,
} from '../dead-letter-target.ts'
import { toKafkaDeadLetter } from './kafka-dead-letter.ts'

export interface KafkaTargetConfig {
  readonly kind: 'kafka'
  /** The pattern of the topic's name, e.g. `{topic}-dlt`; without {topic} one topic holds all dead letters. */
  readonly pattern: string
  /** The bootstrap servers of another cluster; undefined: the cluster of the records. */
  readonly servers: readonly string[] | undefined
}

export const kafka: DeadLetterTargetKind<KafkaTargetConfig> = {
  syntax: 'kafka:{topic}-dlt@<host:port>',
  parse: text => {
    const [before = '', ...rest] = text.split('@')
    const pattern = before || '{topic}-dlt'
    if (pattern === '{topic}' || !/^[A-Za-z0-9._-]{1,249}$/.test(pattern.replaceAll('{topic}', 't'))) return undefined
    if (rest.length === 0) return { kind: 'kafka', pattern, servers: undefined }
    const servers = rest.join('@').split(';')
    return servers.every(isAddress) ? { kind: 'kafka', pattern, servers: Object.freeze(servers) } : undefined
  },
  isOnSameCluster: ({ servers }) => servers === undefined,
}

function isAddress(server: string): boolean {
  return /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/.test(server)
}

/** @throws ConfigError without `createProducer` */
export function createKafkaTarget(
  { pattern, servers }: KafkaTargetConfig,
  { createProducer }: DeadLetterTargetServices,
): KafkaDeadLetterTarget {
  if (!createProducer)
    throw new ConfigError([
      'KAFKA_DEAD_LETTER: kafka: needs a producer; create the publisher with createDeadLetterPublisher(config).',
    ])
  return new KafkaDeadLetterTarget(pattern, () => createProducer(servers))
}

export class KafkaDeadLetterTarget implements DeadLetterTarget {
  readonly #pattern: string
  readonly #createProducer: () => DeadLetterProducer
  #producer: DeadLetterProducer | undefined

  /** @param pattern the pattern of the topic's name, e.g. `{topic}-dlt` */
  constructor(pattern: string, createProducer: () => DeadLetterProducer) {
    this.#pattern = pattern
    this.#createProducer = createProducer
  }

  /** @returns locations `kafka:<topic>-<partition>@<offset>` */
  async store(deadLetters: readonly DeadLetter[], deadline: Deadline): Promise<StoreResult[]> {
    this.#producer ??= this.#createProducer()
    const producer = this.#producer
    // Outside the invocation's scope, because its deadline for sending may have passed; dead letters have their own.
    const reports = await outsideScopes(() =>
      producer.sendAll(
        deadLetters.map(deadLetter => toKafkaDeadLetter(deadLetter, this.#pattern)),
        deadline,
      ),
    )
    return reports.map(toResult)
  }

  async close(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    await producer?.close()
  }
}

function toResult(report: DeliveryReport): StoreResult {
  if (report.kind === 'delivered') return locationOf(report.metadata)
  if (report.code === 'record-too-large')
    return new DeadLetterError(
      DEAD_LETTER_TOO_LARGE,
      'A dead letter exceeds the size limit of a record (max.request.size, or max.message.bytes of the topic).',
    )
  return new DeadLetterError('dead-letter', `The Kafka target did not store a dead letter (${report.code}).`, {
    retriable: true,
    cause: report.error,
  })
}

/** Returns the location of a record. */
export function locationOf({
  topic,
  partition,
  offset,
}: {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint | null
}): string {
  return `kafka:${topic}-${partition}@${offset ?? '?'}`
}
