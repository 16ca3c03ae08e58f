// Letters in a Kafka topic, `<topic>-dlt` by default, over a producer of their own that is made when the first letter comes.
import type { DeliveryReport } from '../delivery/delivery-report.ts'
import { outsideScopes } from '../delivery/invocation-scope.ts'
import { DeadLetterError } from '../errors.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { Deadline } from '../time/deadline.ts'
import { type DeadLetterTarget, LETTER_TOO_LARGE, type StoreResult } from './dead-letter-chain.ts'
import type { DeadLetter } from './envelope.ts'
import { toKafkaLetter } from './kafka-letter.ts'

/** What a letter is sent with: no contracts, any topic, keys as they are. */
export interface LetterProducer {
  sendAll(records: readonly ProducerRecord[], deadline?: Deadline): Promise<DeliveryReport[]>
  close(): Promise<void>
}

export class KafkaDeadLetter implements DeadLetterTarget {
  readonly #pattern: string
  readonly #createProducer: () => LetterProducer
  #producer: LetterProducer | undefined

  /** @param pattern of the topic's name, e.g. `{topic}-dlt` */
  constructor(pattern: string, createProducer: () => LetterProducer) {
    this.#pattern = pattern
    this.#createProducer = createProducer
  }

  /** @returns receipts `kafka:<topic>-<partition>@<offset>` */
  async store(letters: readonly DeadLetter[], deadline: Deadline): Promise<StoreResult[]> {
    this.#producer ??= this.#createProducer()
    const producer = this.#producer
    // The invocation's time for sending may be over: letters have a time of their own.
    const reports = await outsideScopes(() =>
      producer.sendAll(
        letters.map(letter => toKafkaLetter(letter, this.#pattern)),
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
  if (report.kind === 'delivered') return receiptOf(report.metadata)
  if (report.code === 'record-too-large') return new DeadLetterError(LETTER_TOO_LARGE, 'A letter is larger than a record may be (max.request.size, or the topic’s own limit).')
  return new DeadLetterError('dead-letter', `The Kafka target did not store a letter (${report.code}).`, { retriable: true, cause: report.error })
}

/** Where a record is, as one word. */
export function receiptOf({ topic, partition, offset }: { readonly topic: string; readonly partition: number; readonly offset: bigint | null }): string {
  return `kafka:${topic}-${partition}@${offset ?? '?'}`
}
