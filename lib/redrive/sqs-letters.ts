// The open letters of an SQS queue. Received ones are hidden from other readers while they are held; a settled one is deleted.
// What is no letter (the queue is a backstop: messages past maxReceiveCount, Lambda's destination records) becomes letters first.
import type { ChangeMessageVisibilityBatchRequestEntry, Message } from '@aws-sdk/client-sqs'
import { abortAfter, loadSqs, type Sqs } from '../dead-letter/aws-clients.ts'
import type { DeadLetter } from '../dead-letter/envelope.ts'
import { inChunks, inParallel } from '../dead-letter/in-parallel.ts'
import { readLetter } from '../dead-letter/read-letter.ts'
import { toEntry } from '../dead-letter/sqs-dead-letter.ts'
import { DeadLetterError } from '../errors.ts'
import { LEASE_MS, type Lease, type LetterStore, type OpenLetter, type Settled } from './letter-store.ts'

export interface RawMessage {
  readonly messageId: string
  readonly body: string
  readonly attributes: Readonly<Record<string, string>>
  readonly messageAttributes: NonNullable<Message['MessageAttributes']>
}

export type RawToLetters = (message: RawMessage) => readonly DeadLetter[]

/** A message that is held, and those of its letters that are open. */
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

export class SqsLetters implements LetterStore {
  readonly #queueUrl: string
  readonly #toLetters: RawToLetters
  readonly #held = new Map<string, Held>()
  readonly #byLetter = new Map<string, Held[]>()
  readonly #settled = new Set<string>()
  /** Whose new version lies in the queue: held when it is met, and given to the next reader. */
  readonly #replaced = new Set<string>()
  #client: Promise<Sqs> | undefined

  /** @param toLetters of a message that is none; default: such a message is not touched */
  constructor(queueUrl: string, toLetters: RawToLetters = () => []) {
    this.#queueUrl = queueUrl
    this.#toLetters = toLetters
  }

  async *letters(): AsyncGenerator<OpenLetter> {
    for (let empty = 0; empty < EMPTY_ANSWERS; ) {
      const messages = await this.#receive()
      // What was hidden for too long comes again: then the queue has nothing that is new.
      const fresh = messages.filter(message => this.#hold(message))
      empty = fresh.length === 0 ? empty + 1 : 0
      for (const message of fresh) yield* await this.#open(message)
    }
  }

  async settle(settled: readonly Settled[]): Promise<void> {
    for (const { open } of settled) this.#settled.add(open.letter.letterId)
    await this.#remove(settled.map(({ open }) => open.letter.letterId))
  }

  async #remove(letterIds: readonly string[]): Promise<void> {
    const done: Held[] = []
    for (const letterId of letterIds) {
      for (const held of this.#byLetter.get(letterId) ?? []) {
        held.open.delete(letterId)
        if (held.open.size === 0 && this.#held.delete(held.id)) done.push(held)
      }
      this.#byLetter.delete(letterId)
    }
    await this.#delete(done)
  }

  async replace(_open: OpenLetter, letter: DeadLetter): Promise<void> {
    // A FIFO queue holds what its own queue gave up, in its groups: it stays as it is, and SQS counts the tries.
    if (this.#queueUrl.endsWith('.fifo')) return
    const { sqs, client } = await this.#load()
    const { entry } = toEntry(letter, 0)
    await client.send(new sqs.SendMessageCommand({ QueueUrl: this.#queueUrl, MessageBody: entry.MessageBody, MessageAttributes: entry.MessageAttributes }), abortAfter(CALL_MS))
    this.#replaced.add(letter.letterId)
    await this.#remove([letter.letterId])
  }

  /** Nobody else sees what is held; holding on is all there is to renew. */
  async lease(): Promise<Lease> {
    return { renew: () => this.#hide(HIDDEN_S), release: async () => {} }
  }

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

  async #open(message: Message): Promise<OpenLetter[]> {
    const held = this.#held.get(message.MessageId as string) as Held
    const given: OpenLetter[] = []
    const letters = this.#lettersOf(message)
    for (const letter of letters) {
      const { letterId } = letter
      if (this.#settled.has(letterId)) continue
      held.open.add(letterId)
      if (this.#replaced.has(letterId)) continue
      const copies = this.#byLetter.get(letterId)
      if (copies) copies.push(held)
      else {
        this.#byLetter.set(letterId, [held])
        given.push({ letter, receipt: `sqs:${held.id}` })
      }
    }
    if (letters.length > 0 && held.open.size === 0) {
      this.#held.delete(held.id)
      await this.#delete([held])
    }
    return given
  }

  #lettersOf({ MessageId = '', Body = '', Attributes = {}, MessageAttributes = {} }: Message): readonly DeadLetter[] {
    const letter = readLetter(Body)
    return letter ? [letter] : this.#toLetters({ messageId: MessageId, body: Body, attributes: Attributes, messageAttributes: MessageAttributes })
  }

  async #delete(messages: readonly Held[]): Promise<void> {
    const { sqs, client } = await this.#load()
    await inParallel(inChunks(messages, BATCH), async ten => {
      const Entries = ten.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }))
      const { Failed = [] } = await client.send(new sqs.DeleteMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries }), abortAfter(CALL_MS))
      if (Failed.length > 0) throw new DeadLetterError('dead-letter', `${Failed.length} settled letter(s) could not be deleted (${Failed[0]?.Code}).`, { retriable: true })
    })
  }

  async #hide(seconds: number): Promise<void> {
    const { sqs, client } = await this.#load()
    await inParallel(inChunks([...this.#held.values()], BATCH), async ten => {
      const Entries = ten.map(
        ({ receiptHandle }, index): ChangeMessageVisibilityBatchRequestEntry => ({ Id: String(index), ReceiptHandle: receiptHandle, VisibilityTimeout: seconds }),
      )
      await client.send(new sqs.ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#queueUrl, Entries }), abortAfter(CALL_MS))
    })
  }

  #load(): Promise<Sqs> {
    this.#client ??= loadSqs(this.#queueUrl)
    return this.#client
  }
}
