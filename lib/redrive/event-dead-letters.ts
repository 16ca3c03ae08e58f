// The dead letters of an SQS batch that Lambda received. Lambda deletes the completed ones; the others are received
// again.
import type { Completed, DeadLetterStore, Lease, OpenDeadLetter } from '../dead-letter/dead-letter-store.ts'
import type { RawMessage, RawToDeadLetters } from '../dead-letter/raw-message.ts'
import { readDeadLetter } from '../dead-letter/read-dead-letter.ts'

export class EventDeadLetterStore implements DeadLetterStore {
  readonly #messages: readonly RawMessage[]
  readonly #toDeadLetters: RawToDeadLetters
  /** Message id → its dead letters that are not completed; without messages that have no dead letter. */
  readonly #open = new Map<string, Set<string>>()

  constructor(messages: readonly RawMessage[], toDeadLetters: RawToDeadLetters) {
    this.#messages = messages
    this.#toDeadLetters = toDeadLetters
  }

  /** The ids of the messages that go back to the queue. */
  get returned(): string[] {
    return this.#messages.map(({ messageId }) => messageId).filter(id => this.#open.get(id)?.size !== 0)
  }

  async *deadLetters(): AsyncGenerator<OpenDeadLetter> {
    for (const message of this.#messages) {
      const { messageId } = message
      const deadLetter = readDeadLetter(message.body)
      const deadLetters = deadLetter ? [deadLetter] : this.#toDeadLetters(message)
      if (deadLetters.length > 0)
        this.#open.set(messageId, new Set(deadLetters.map(({ deadLetterId }) => deadLetterId)))
      for (const deadLetter of deadLetters)
        yield { deadLetter, location: `sqs:${messageId}`, verified: deadLetter.claimCheck === null, handle: messageId }
    }
  }

  async complete(completed: readonly Completed[]): Promise<void> {
    for (const { open } of completed)
      for (const deadLetters of this.#open.values()) deadLetters.delete(open.deadLetter.deadLetterId)
  }

  /** The queue counts the receives; the message itself can't be changed. */
  async replace(): Promise<void> {}

  async lease(): Promise<Lease> {
    return { check: async () => {}, renew: async () => {}, release: async () => {} }
  }

  async reserve(): Promise<void> {}

  async tidy(): Promise<void> {}

  async close(): Promise<void> {}
}
