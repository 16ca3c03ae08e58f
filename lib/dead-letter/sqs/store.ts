// The open dead letters of an SQS queue. Received messages are hidden from other readers while they are held, and
// deleted when they are completed. Other messages (of a source DLQ or failure destination: messages past
// maxReceiveCount, Lambda's destination records) are converted to dead letters first.
import type { ChangeMessageVisibilityBatchRequestEntry, Message } from '@aws-sdk/client-sqs'
import { DeadLetterError } from '../../errors.ts'
import { abortAfter, loadSqs, type Sqs } from '../aws-clients.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  type Completed,
  type DeadLetterStoreServices,
  LEASE_MS,
  type Lease,
  type OpenDeadLetter,
  type ReadOptions,
  type TargetDeadLetterStore,
} from '../dead-letter-store.ts'
import { inChunks, inParallel } from '../in-parallel.ts'
import type { RawToDeadLetters } from '../raw-message.ts'
import { readDeadLetter } from '../read-dead-letter.ts'
import type { DeadLetterTargetConfig } from '../target-kinds.ts'
import { toEntry } from './target.ts'

/** A held message and its open dead letters. */
interface Held {
  readonly id: string
  receiptHandle: string
  readonly open: Set<string>
}

const BATCH = 10
const WAIT_S = 1
/** A queue is spread over servers: it counts as empty after this many empty answers in a row. */
const EMPTY_ANSWERS = 2
const HIDDEN_S = LEASE_MS / 1000
const CALL_MS = 30_000
/** The number of messages that `find` receives at most. */
const MAX_SEARCHED = 1000

export function openStore(
  { queueUrl }: DeadLetterTargetConfig<'sqs'>,
  { toDeadLetters }: DeadLetterStoreServices,
): SqsDeadLetterStore {
  return new SqsDeadLetterStore(queueUrl, toDeadLetters)
}

/** The handle is the id of the message. */
type Handle = string

export class SqsDeadLetterStore implements TargetDeadLetterStore<Handle> {
  readonly #queueUrl: string
  readonly #toDeadLetters: RawToDeadLetters
  readonly #held = new Map<string, Held>()
  readonly #byDeadLetterId = new Map<string, Held[]>()
  readonly #completed = new Set<string>()
  /** The ids of replaced dead letters: the new version is held when it is received, and left to the next reader. */
  readonly #replaced = new Set<string>()
  #client: Promise<Sqs> | undefined

  /** @param toDeadLetters converts other messages to dead letters; default: they stay untouched */
  constructor(queueUrl: string, toDeadLetters: RawToDeadLetters = () => []) {
    this.#queueUrl = queueUrl
    this.#toDeadLetters = toDeadLetters
  }

  async *deadLetters(_options?: ReadOptions): AsyncGenerator<OpenDeadLetter<Handle>> {
    for (let empty = 0; empty < EMPTY_ANSWERS; ) {
      const messages = await this.#receive()
      // A message whose visibility ended is received again: then the queue has no new ones.
      const fresh = messages.filter(message => this.#hold(message))
      empty = fresh.length === 0 ? empty + 1 : 0
      for (const message of fresh) yield* await this.#open(message)
    }
  }

  /** Receives up to a thousand messages, because a message can only be deleted after it was received. */
  async find({ deadLetterId }: DeadLetter): Promise<OpenDeadLetter<Handle> | undefined> {
    let seen = 0
    for await (const open of this.deadLetters()) {
      if (open.deadLetter.deadLetterId === deadLetterId) return open
      if (++seen === MAX_SEARCHED) return undefined
    }
    return undefined
  }

  async complete(completed: readonly Completed<Handle>[]): Promise<void> {
    for (const { open } of completed) this.#completed.add(open.deadLetter.deadLetterId)
    await this.#remove(completed.map(({ open }) => open.deadLetter.deadLetterId))
  }

  async #remove(deadLetterIds: readonly string[]): Promise<void> {
    const done: Held[] = []
    for (const deadLetterId of deadLetterIds) {
      for (const held of this.#byDeadLetterId.get(deadLetterId) ?? []) {
        held.open.delete(deadLetterId)
        if (held.open.size === 0 && this.#held.delete(held.id)) done.push(held)
      }
      this.#byDeadLetterId.delete(deadLetterId)
    }
    await this.#delete(done)
  }

  async replace(_open: OpenDeadLetter<Handle>, deadLetter: DeadLetter): Promise<void> {
    // A FIFO queue is the DLQ of another one: its messages stay unchanged in their groups, and SQS counts the receives.
    if (this.#queueUrl.endsWith('.fifo')) return
    const { sqs, client } = await this.#load()
    const { entry } = toEntry(deadLetter, 0)
    await client.send(
      new sqs.SendMessageCommand({
        QueueUrl: this.#queueUrl,
        MessageBody: entry.MessageBody,
        MessageAttributes: entry.MessageAttributes,
      }),
      abortAfter(CALL_MS),
    )
    this.#replaced.add(deadLetter.deadLetterId)
    await this.#remove([deadLetter.deadLetterId])
  }

  /** The messages are hidden from others, so there is no lease to take; renewing extends their visibility. */
  async lease(): Promise<Lease> {
    return { check: async () => {}, renew: () => this.#hide(HIDDEN_S), release: async () => {} }
  }

  async reserve(): Promise<void> {}

  async tidy(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#held.size > 0) await this.#hide(0)
    this.#held.clear()
    const pendingClient = this.#client
    this.#client = undefined
    ;(await pendingClient)?.client.destroy()
  }

  async #receive(): Promise<Message[]> {
    const { sqs, client } = await this.#load()
    const command = new sqs.ReceiveMessageCommand({
      QueueUrl: this.#queueUrl,
      MaxNumberOfMessages: BATCH,
      WaitTimeSeconds: WAIT_S,
      VisibilityTimeout: HIDDEN_S,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    })
    return (await client.send(command, abortAfter(CALL_MS))).Messages ?? []
  }

  /** Holds a message, with its newest receipt handle. @returns false if it is already held */
  #hold({ MessageId: id = '', ReceiptHandle: receiptHandle = '' }: Message): boolean {
    const held = this.#held.get(id)
    if (held) held.receiptHandle = receiptHandle
    else this.#held.set(id, { id, receiptHandle, open: new Set() })
    return held === undefined
  }

  async #open(message: Message): Promise<OpenDeadLetter<Handle>[]> {
    const held = this.#held.get(message.MessageId as string) as Held
    const received: OpenDeadLetter<Handle>[] = []
    const deadLetters = this.#deadLettersOf(message)
    for (const deadLetter of deadLetters) {
      const { deadLetterId } = deadLetter
      if (this.#completed.has(deadLetterId)) continue
      held.open.add(deadLetterId)
      if (this.#replaced.has(deadLetterId)) continue
      const copies = this.#byDeadLetterId.get(deadLetterId)
      if (copies) copies.push(held)
      else {
        this.#byDeadLetterId.set(deadLetterId, [held])
        received.push({
          deadLetter,
          location: `sqs:${held.id}`,
          verified: deadLetter.claimCheck === null,
          handle: held.id,
        })
      }
    }
    if (deadLetters.length > 0 && held.open.size === 0) {
      this.#held.delete(held.id)
      await this.#delete([held])
    }
    return received
  }

  #deadLettersOf({
    MessageId = '',
    Body = '',
    Attributes = {},
    MessageAttributes = {},
  }: Message): readonly DeadLetter[] {
    const deadLetter = readDeadLetter(Body)
    return deadLetter
      ? [deadLetter]
      : this.#toDeadLetters({
          messageId: MessageId,
          body: Body,
          attributes: Attributes,
          messageAttributes: MessageAttributes,
        })
  }

  async #delete(messages: readonly Held[]): Promise<void> {
    const { sqs, client } = await this.#load()
    await inParallel(inChunks(messages, BATCH), async ten => {
      const Entries = ten.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }))
      const { Failed = [] } = await client.send(
        new sqs.DeleteMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries }),
        abortAfter(CALL_MS),
      )
      if (Failed.length > 0)
        throw new DeadLetterError(
          'dead-letter',
          `${Failed.length} completed dead letter(s) could not be deleted (${Failed[0]?.Code}).`,
          { retriable: true },
        )
    })
  }

  async #hide(seconds: number): Promise<void> {
    const { sqs, client } = await this.#load()
    await inParallel(inChunks([...this.#held.values()], BATCH), async ten => {
      const Entries = ten.map(
        ({ receiptHandle }, index): ChangeMessageVisibilityBatchRequestEntry => ({
          Id: String(index),
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: seconds,
        }),
      )
      await client.send(
        new sqs.ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#queueUrl, Entries }),
        abortAfter(CALL_MS),
      )
    })
  }

  #load(): Promise<Sqs> {
    this.#client ??= loadSqs(this.#queueUrl)
    return this.#client
  }
}
