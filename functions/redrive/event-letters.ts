// The letters of an SQS batch that Lambda itself received. What is settled is deleted by Lambda, what is not comes again.
import type { SQSRecord } from 'aws-lambda'
import type { DeadLetter } from '../../lib/dead-letter/envelope.ts'
import { readLetter } from '../../lib/dead-letter/read-letter.ts'
import type { Lease, LetterStore, OpenLetter, Settled } from '../../lib/redrive/letter-store.ts'
import type { RawToLetters } from '../../lib/redrive/sqs-letters.ts'

export class EventLetters implements LetterStore {
  readonly #records: readonly SQSRecord[]
  readonly #toLetters: RawToLetters
  /** Message id → its letters that are not settled; one that is no letter and becomes none stays open. */
  readonly #open = new Map<string, Set<string>>()

  constructor(records: readonly SQSRecord[], toLetters: RawToLetters) {
    this.#records = records
    this.#toLetters = toLetters
  }

  /** Ids of the messages that go back to the queue. */
  get returned(): string[] {
    return this.#records.map(({ messageId }) => messageId).filter(id => this.#open.get(id)?.size !== 0)
  }

  async *letters(): AsyncGenerator<OpenLetter> {
    for (const record of this.#records) {
      const letters = this.#lettersOf(record)
      if (letters.length > 0) this.#open.set(record.messageId, new Set(letters.map(({ letterId }) => letterId)))
      for (const letter of letters) yield { letter, receipt: `sqs:${record.messageId}`, handle: record.messageId }
    }
  }

  async settle(settled: readonly Settled[]): Promise<void> {
    for (const { open } of settled) for (const letters of this.#open.values()) letters.delete(open.letter.letterId)
  }

  /** The queue counts the receives; the message itself can't be changed. */
  async replace(): Promise<void> {}

  async lease(): Promise<Lease> {
    return { renew: async () => {}, release: async () => {} }
  }

  async close(): Promise<void> {}

  #lettersOf({ messageId, body, attributes, messageAttributes }: SQSRecord): readonly DeadLetter[] {
    const letter = readLetter(body)
    if (letter) return [letter]
    const given = Object.entries(messageAttributes ?? {}).map(
      ([name, { dataType, stringValue, binaryValue }]) =>
        [name, { DataType: dataType, StringValue: stringValue, ...(binaryValue ? { BinaryValue: Buffer.from(binaryValue, 'base64') } : {}) }] as const,
    )
    return this.#toLetters({ messageId, body, attributes: attributes as unknown as Record<string, string>, messageAttributes: Object.fromEntries(given) })
  }
}
