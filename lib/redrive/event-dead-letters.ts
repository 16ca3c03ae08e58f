// The dead letters of an SQS batch that Lambda received. Lambda deletes the completed ones; the others are received
// again.
import type {
  Completed,
  DeadLetterStore,
  Lease,
  OpenDeadLetter,
  ReadOptions,
} from '../dead-letter/dead-letter-store.ts'
import { queueName, type SourceMessageReader } from '../dead-letter/raw-message.ts'
import { roleOf } from '../dead-letter/sqs/message-queues.ts'
import { type MessageReading, type QueueRole, readMessage } from '../dead-letter/sqs/read-message.ts'
import { KafkaProducerError } from '../errors.ts'
import { toRawMessage } from '../lambda/sqs-event.ts'
import { isJsonObject } from '../record/json-object.ts'
import type { RedriveSource } from './redrive-sources.ts'

interface Handle {
  readonly messageId: string
  readonly index: number
}

export class EventDeadLetterStore implements DeadLetterStore<Handle> {
  readonly #messages: readonly unknown[]
  readonly #sources: readonly RedriveSource[]
  readonly #reader: SourceMessageReader
  /** Message id → the indexes of its dead letters that are not completed; only for messages that could be read. */
  readonly #open = new Map<string, Set<number>>()

  /**
   * @param messages the `Records` of the event
   * @param sources the configured ones: they say the role of a message's queue
   */
  constructor(messages: readonly unknown[], sources: readonly RedriveSource[], reader: SourceMessageReader) {
    this.#messages = messages
    this.#sources = sources
    this.#reader = reader
  }

  /** The ids of the messages that go back to the queue. What has no id can't. */
  get returned(): string[] {
    return this.#messages.map(idOf).filter(id => id !== '' && this.#open.get(id)?.size !== 0)
  }

  async *deadLetters({ onUnreadable }: ReadOptions = {}): AsyncGenerator<OpenDeadLetter<Handle>> {
    for (const message of this.#messages) {
      const messageId = idOf(message)
      const location = `sqs:${messageId}`
      const reading = this.#read(message)
      if (reading.kind === 'unreadable') {
        onUnreadable?.({ location, reason: reading.reason, count: 1 })
        continue
      }
      this.#open.set(messageId, new Set(reading.deadLetters.keys()))
      for (const [index, deadLetter] of reading.deadLetters.entries())
        yield { deadLetter, location, verified: deadLetter.claimCheck === null, handle: { messageId, index } }
    }
  }

  async complete(completed: readonly Completed<Handle>[]): Promise<void> {
    for (const { open } of completed) this.#open.get(open.handle.messageId)?.delete(open.handle.index)
  }

  /** The queue counts the receives; the message itself can't be changed. */
  async replace(): Promise<void> {}

  async lease(): Promise<Lease> {
    return { check: async () => {}, renew: async () => {}, release: async () => {} }
  }

  async reserve(): Promise<void> {}

  async tidy(): Promise<void> {}

  async close(): Promise<void> {}

  #read(message: unknown): MessageReading {
    try {
      const raw = toRawMessage(message)
      const { eventSourceARN: arn } = message as { eventSourceARN: string }
      const role = this.#roleOf(arn, raw.attributes)
      if (role) return readMessage(raw, role, this.#reader)
      return { kind: 'unreadable', reason: `KAFKA_REDRIVE_FROM does not say what the queue ${queueName(arn)} holds` }
    } catch (error) {
      if (!(error instanceof KafkaProducerError)) throw error
      return { kind: 'unreadable', reason: error.message }
    }
  }

  #roleOf(arn: string, attributes: Readonly<Record<string, string>>): QueueRole | undefined {
    const source = this.#sources.find(each => 'queueUrl' in each && isSameQueue(each.queueUrl, arn))
    if (source?.kind === 'sqs') return { kind: 'sqs' }
    if (source?.kind === 'source-dlq' || source?.kind === 'failure-destination') return roleOf(source)
    // SQS itself says so of a message that it moved.
    return attributes.DeadLetterQueueSourceArn === undefined ? undefined : { kind: 'source-dlq' }
  }
}

function idOf(message: unknown): string {
  return isJsonObject(message) && typeof message.messageId === 'string' ? message.messageId : ''
}

/** By account and name, and the region where the URL has one. */
function isSameQueue(url: string, arn: string): boolean {
  const [account, name] = new URL(url).pathname.split('/').slice(-2)
  const [, , , region, ofAccount, ofName] = arn.split(':')
  const urlRegion = /\bsqs\.([a-z0-9-]+)\.amazonaws\./.exec(url)?.[1]
  return account === ofAccount && name === ofName && (urlRegion === undefined || urlRegion === region)
}
