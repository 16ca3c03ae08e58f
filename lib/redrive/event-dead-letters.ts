// A store for the dead letters of an SQS batch that Lambda received. Lambda deletes the messages that are not returned;
// the others are received again.
import { fingerprintOf } from '../dead-letter/copies.ts'
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type {
  Completed,
  DeadLetterStore,
  Lease,
  OpenDeadLetter,
  PartlyDone,
  ReadOptions,
} from '../dead-letter/dead-letter-store.ts'
import { mergeDeadLetters } from '../dead-letter/merge-dead-letters.ts'
import { MessageParts } from '../dead-letter/message-parts.ts'
import { queueName, type SourceMessageReader } from '../dead-letter/raw-message.ts'
import { roleOf } from '../dead-letter/sqs/message-queues.ts'
import { type MessageReading, type QueueRole, readMessage } from '../dead-letter/sqs/read-message.ts'
import { KafkaProducerError } from '../errors.ts'
import { toRawMessage } from '../lambda/sqs-event.ts'
import { isJsonObject } from '../record/json-object.ts'
import type { RedriveSource } from './redrive-sources.ts'

/** The fingerprint of the dead letter. */
type Handle = string

interface ReadMessage {
  readonly id: string
  /** The fingerprints of its dead letters; undefined if it can't be read. */
  readonly handles: readonly Handle[] | undefined
}

export class EventDeadLetterStore implements DeadLetterStore<Handle> {
  readonly #messages: readonly unknown[]
  readonly #sources: readonly RedriveSource[]
  readonly #reader: SourceMessageReader
  readonly #read: ReadMessage[] = []
  readonly #open = new Set<Handle>()
  readonly #parts = new MessageParts()

  /**
   * @param messages the `Records` of the event
   * @param sources the configured sources, which say the role of a message's queue
   */
  constructor(messages: readonly unknown[], sources: readonly RedriveSource[], reader: SourceMessageReader) {
    this.#messages = messages
    this.#sources = sources
    this.#reader = reader
  }

  /** The ids of the messages to return to the queue. A message without an id can't be returned. */
  get returned(): string[] {
    if (this.#read.length === 0) return this.#messages.map(idOf).filter(id => id !== '')
    const isOpen = ({ handles }: ReadMessage) => handles?.some(handle => this.#open.has(handle)) ?? true
    return this.#read.flatMap(message => (message.id !== '' && isOpen(message) ? [message.id] : []))
  }

  /** Yields a dead letter that several messages hold once; completing it completes all of them. */
  async *deadLetters({ onUnreadable }: ReadOptions = {}): AsyncGenerator<OpenDeadLetter<Handle>> {
    const byHandle = new Map<Handle, OpenDeadLetter<Handle>>()
    for (const [index, message] of this.#messages.entries()) {
      const id = idOf(message)
      const location = `sqs:${id}`
      const reading = this.#readOne(message)
      if (reading.kind === 'unreadable') {
        this.#read.push({ id, handles: undefined })
        onUnreadable?.({ location, reason: reading.reason, count: 1 })
        continue
      }
      const parts = reading.deadLetters.map(deadLetter => ({
        deadLetter,
        location,
        verified: deadLetter.claimCheck === null,
        handle: fingerprintOf(deadLetter),
      }))
      this.#read.push({ id, handles: parts.map(({ handle }) => handle) })
      // The index makes keys unique: in a direct invocation two messages may have the same id.
      for (const open of this.#parts.add(`${index} ${id}`, parts)) {
        this.#open.add(open.handle)
        const earlier = byHandle.get(open.handle)
        const merged = earlier
          ? { ...earlier, deadLetter: mergeDeadLetters(earlier.deadLetter, open.deadLetter) }
          : open
        byHandle.set(open.handle, merged)
      }
    }
    yield* byHandle.values()
  }

  async complete(completed: readonly Completed<Handle>[]): Promise<void> {
    for (const { open } of completed) this.#open.delete(open.handle)
  }

  partlyDone(): readonly PartlyDone<Handle>[] {
    return this.#parts.partlyDone(handle => this.#open.has(handle))
  }

  /** Changes nothing on the message, which can't be changed; the queue itself counts the attempts. */
  async replace(open: OpenDeadLetter<Handle>, deadLetter: DeadLetter): Promise<void> {
    this.#parts.replace(open, deadLetter)
  }

  async lease(): Promise<Lease> {
    return { check: async () => {}, renew: async () => {}, release: async () => {} }
  }

  async reserve(): Promise<void> {}

  async tidy(): Promise<void> {}

  async close(): Promise<void> {}

  #readOne(message: unknown): MessageReading {
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
    // SQS sets this attribute on messages that it moved to a DLQ.
    return attributes.DeadLetterQueueSourceArn === undefined ? undefined : { kind: 'source-dlq' }
  }
}

function idOf(message: unknown): string {
  return isJsonObject(message) && typeof message.messageId === 'string' ? message.messageId : ''
}

/** Compares account and name, and the region if the URL contains one. */
function isSameQueue(url: string, arn: string): boolean {
  const [account, name] = new URL(url).pathname.split('/').slice(-2)
  const [, , , region, ofAccount, ofName] = arn.split(':')
  const urlRegion = /\bsqs\.([a-z0-9-]+)\.amazonaws\./.exec(url)?.[1]
  return account === ofAccount && name === ofName && (urlRegion === undefined || urlRegion === region)
}
