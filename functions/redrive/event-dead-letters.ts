// The dead letters of an SQS batch that Lambda itself received. What is settled is deleted by Lambda, what is not comes again.
import type { SQSRecord } from 'aws-lambda'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import type { Completed, DeadLetterStore, Lease, OpenDeadLetter } from '../../lib/dead-letter/dead-letter-store.ts'
import { readDeadLetter } from '../../lib/dead-letter/read-dead-letter.ts'
import type { RawToDeadLetters } from '../../lib/dead-letter/sqs/store.ts'

export class EventDeadLetterStore implements DeadLetterStore {
  readonly #records: readonly SQSRecord[]
  readonly #toDeadLetters: RawToDeadLetters
  /** Message id → its dead letters that are not settled; one that is no dead letter and becomes none stays open. */
  readonly #open = new Map<string, Set<string>>()

  constructor(records: readonly SQSRecord[], toDeadLetters: RawToDeadLetters) {
    this.#records = records
    this.#toDeadLetters = toDeadLetters
  }

  /** Ids of the messages that go back to the queue. */
  get returned(): string[] {
    return this.#records.map(({ messageId }) => messageId).filter(id => this.#open.get(id)?.size !== 0)
  }

  async *deadLetters(): AsyncGenerator<OpenDeadLetter> {
    for (const record of this.#records) {
      const deadLetters = this.#deadLettersOf(record)
      if (deadLetters.length > 0)
        this.#open.set(record.messageId, new Set(deadLetters.map(({ deadLetterId }) => deadLetterId)))
      for (const deadLetter of deadLetters)
        yield { deadLetter, location: `sqs:${record.messageId}`, handle: record.messageId }
    }
  }

  async complete(completed: readonly Completed[]): Promise<void> {
    for (const { open } of completed)
      for (const deadLetters of this.#open.values()) deadLetters.delete(open.deadLetter.deadLetterId)
  }

  /** The queue counts the receives; the message itself can't be changed. */
  async replace(): Promise<void> {}

  async lease(): Promise<Lease> {
    return { renew: async () => {}, release: async () => {} }
  }

  async close(): Promise<void> {}

  #deadLettersOf({ messageId, body, attributes, messageAttributes }: SQSRecord): readonly DeadLetter[] {
    const deadLetter = readDeadLetter(body)
    if (deadLetter) return [deadLetter]
    const given = Object.entries(messageAttributes ?? {}).map(
      ([name, { dataType, stringValue, binaryValue }]) =>
        [
          name,
          {
            DataType: dataType,
            StringValue: stringValue,
            ...(binaryValue ? { BinaryValue: Buffer.from(binaryValue, 'base64') } : {}),
          },
        ] as const,
    )
    return this.#toDeadLetters({
      messageId,
      body,
      attributes: attributes as unknown as Record<string, string>,
      messageAttributes: Object.fromEntries(given),
    })
  }
}
