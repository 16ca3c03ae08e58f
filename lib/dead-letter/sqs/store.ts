// The open dead letters of an SQS queue. Received ones are hidden from other readers while they are held; a settled one is deleted.
// What is no dead letter (the queue is a source DLQ or failure destination: messages past maxReceiveCount, Lambda's destination records) becomes dead letters first.
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

/** A message that is held, and those of its dead letters that are open. */
interface Held {
  readonly id: string
  receiptHandle: string
  readonly open: Set<string>
}

const BATCH = 10
const WAIT_S = 1
/** A queue is spread over servers; this many empty answers in a row mean that it is. */
const EMPTY_ANSWERS = 2
const HIDDEN_S = LEASE_MS / 1000
const CALL_MS = 30_000
/** Dead letters of a queue that are looked through for one. */
const MAX_SEARCHED = 1000

export function openStore(
  { queueUrl }: DeadLetterTargetConfig<'sqs'>,
  { toDeadLetters }: DeadLetterStoreServices,
): SqsDeadLetterStore {
  return new SqsDeadLetterStore(queueUrl, toDeadLetters)
}

/** A message's id. */
type Handle = string

export class SqsDeadLetterStore implements TargetDeadLetterStore<Handle> {
  readonly #queueUrl: string
  readonly #toDeadLetters: RawToDeadLetters
  readonly #held = new Map<string, Held>()
  readonly #byDeadLetterId = new Map<string, Held[]>()
  readonly #completed = new Set<string>()
  /** Whose new version lies in the queue: held when it is met, and given to the next reader. */
  readonly #replaced = new Set<string>()
  #client: Promise<Sqs> | undefined

  /** @param toDeadLetters of a message that is none; default: such a message is not touched */
  constructor(queueUrl: string, toDeadLetters: RawToDeadLetters = () => []) {
    this.#queueUrl = queueUrl
    this.#toDeadLetters = toDeadLetters
  }

  async *deadLetters(_options?: ReadOptions): AsyncGenerator<OpenDeadLetter<Handle>> {
    for (let empty = 0; empty < EMPTY_ANSWERS; ) {
      const messages = await this.#receive()
      // What was hidden for too long comes again: then the queue has nothing that is new.
      const fresh = messages.filter(message => this.#hold(message))
      empty = fresh.length === 0 ? empty + 1 : 0
      for (const message of fresh) yield* await this.#open(message)
    }
  }

  /** Receives up to a thousand dead letters, for a message can only be deleted after it was received. */
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
    // A FIFO queue holds what its own queue gave up, in its groups: it stays as it is, and SQS counts the tries.
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

  /** Nobody else sees what is held; holding on is all there is to renew. */
  async lease(): Promise<Lease> {
    return { check: async () => {}, renew: () => this.#hide(HIDDEN_S), release: async () => {} }
  }

  async reserve(): Promise<void> {}

  async tidy(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#held.size > 0) await this.#hide(0)
    this.#held.clear()
    const made = this.#client
    this.#client = undefined
    ;(await made)?.client.destroy()
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

  /** @returns false for one that is held already: its newest handle is the one that counts */
  #hold({ MessageId: id = '', ReceiptHandle: receiptHandle = '' }: Message): boolean {
    const known = this.#held.get(id)
    if (known) known.receiptHandle = receiptHandle
    else this.#held.set(id, { id, receiptHandle, open: new Set() })
    return known === undefined
  }

  async #open(message: Message): Promise<OpenDeadLetter<Handle>[]> {
    const held = this.#held.get(message.MessageId as string) as Held
    const given: OpenDeadLetter<Handle>[] = []
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
        given.push({
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
    return given
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
          `${Failed.length} settled letter(s) could not be deleted (${Failed[0]?.Code}).`,
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
