// Dead letters in a Kafka topic, `<topic>-dlt` by default, over a producer of their own that is made when the first dead letter comes.
import type { DeliveryReport } from '../../delivery/delivery-report.ts'
import { outsideScopes } from '../../delivery/invocation-scope.ts'
import { DeadLetterError } from '../../errors.ts'
import type { ProducerRecord } from '../../record/producer-record.ts'
import type { Deadline } from '../../time/deadline.ts'
import type { DeadLetter } from '../dead-letter.ts'
import { DEAD_LETTER_TOO_LARGE, type DeadLetterTarget, type StoreResult } from '../dead-letter-publisher.ts'
import { toKafkaDeadLetter } from './kafka-dead-letter.ts'

/** What a dead letter is sent with: no contracts, any topic, keys as they are. */
export interface DeadLetterProducer {
  sendAll(records: readonly ProducerRecord[], deadline?: Deadline): Promise<DeliveryReport[]>
  close(): Promise<void>
}

export class KafkaDeadLetterTarget implements DeadLetterTarget {
  readonly #pattern: string
  readonly #createProducer: () => DeadLetterProducer
  #producer: DeadLetterProducer | undefined

  /** @param pattern of the topic's name, e.g. `{topic}-dlt` */
  constructor(pattern: string, createProducer: () => DeadLetterProducer) {
    this.#pattern = pattern
    this.#createProducer = createProducer
  }

  /** @returns locations `kafka:<topic>-<partition>@<offset>` */
  async store(deadLetters: readonly DeadLetter[], deadline: Deadline): Promise<StoreResult[]> {
    this.#producer ??= this.#createProducer()
    const producer = this.#producer
    // The invocation's time for sending may be over: dead letters have a time of their own.
    const reports = await outsideScopes(() =>
      producer.sendAll(
        deadLetters.map(deadLetter => toKafkaDeadLetter(deadLetter, this.#pattern)),
        deadline,
      ),
    )
    return reports.map(toResult)
  }

  async close(): Promise<void> {
    const made = this.#producer
    this.#producer = undefined
    await made?.close()
  }
}

function toResult(report: DeliveryReport): StoreResult {
  if (report.kind === 'delivered') return locationOf(report.metadata)
  if (report.code === 'record-too-large')
    return new DeadLetterError(
      DEAD_LETTER_TOO_LARGE,
      'A dead letter is larger than a record may be (max.request.size, or the topic’s own limit).',
    )
  return new DeadLetterError('dead-letter', `The Kafka target did not store a dead letter (${report.code}).`, {
    retriable: true,
    cause: report.error,
  })
}

/** Where a record is, as one word. */
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
