// Reads and completes the dead letters of an SQS queue. Received messages are kept hidden from other readers, and
// deleted on completion.
import type { Message } from '@aws-sdk/client-sqs'
import { DeadLetterError } from '../../errors.ts'
import { type Clock, systemClock } from '../../time/clock.ts'
import { fingerprintOf } from '../copies.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  type Completed,
  type DeadLetterStoreServices,
  LEASE_MS,
  type Lease,
  type LeaseWait,
  NotCompletedError,
  type OpenDeadLetter,
  type PartlyDone,
  type ReadOptions,
  redriveRunning,
  type StopRequest,
  type TargetDeadLetterStore,
} from '../dead-letter-store.ts'
import { mergeDeadLetters } from '../merge-dead-letters.ts'
import { MessageParts } from '../message-parts.ts'
import { queueName, type RawMessage } from '../raw-message.ts'
import { sizeInMemory } from '../size-in-memory.ts'
import type { DeadLetterTargetConfig } from '../target-kinds.ts'
import { SqsQueue } from './queue.ts'
import { type QueueRole, readMessage } from './read-message.ts'
import { toEntry } from './target.ts'

/** A message that was received, with its newest receipt handle. */
interface Held {
  readonly id: string
  receiptHandle: string
  /**
   * When it becomes visible again, by the monotonic clock. In the past if it is visible or another reader may have it.
   */
  until: number
  /** Only for a FIFO queue. */
  readonly group: string | undefined
  /** Whether later messages of its group must wait for it. */
  readonly isInOrder: boolean
  /** The fingerprints of its open dead letters. */
  readonly open: Set<string>
}

/** The fingerprint of the dead letter. */
type Handle = string

/** A dead letter that is not yielded yet: copies that arrive meanwhile are merged into it. */
type Waiting = { -readonly [K in keyof OpenDeadLetter<Handle>]: OpenDeadLetter<Handle>[K] }

/** How messages are received for one purpose: how long they are hidden, and when reading ends. */
interface Reading {
  readonly visibilityS: number
  readonly maxMessages: number
  /** The number of empty responses after which the queue counts as empty. */
  readonly emptyAnswers: number
}

/** The result of one receive call. */
interface Batch {
  readonly received: number
  /** The number of messages that were not received before. */
  readonly fresh: number
  readonly open: Waiting[]
  /** Messages whose dead letters are all completed. */
  readonly done: Held[]
}

const LOOK: Reading = { visibilityS: 30, maxMessages: 1000, emptyAnswers: 1 }
const REDRIVE: Reading = {
  visibilityS: LEASE_MS / 1000,
  maxMessages: Number.POSITIVE_INFINITY,
  emptyAnswers: 2,
}
/** Dead letters wait for copies until this many bytes of values are read. */
const WAITING_BYTES = 16 * 1024 * 1024
/** The memory of a message's handle, in addition to its dead letter, bytes. */
const HANDLE_BYTES = 1024
/** Reading ends after this many responses in a row without a new message. */
const ANSWERS_WITHOUT_NEWS = 10
/** Long polling, s: only this makes SQS query all servers of a queue. */
const WAIT_S = 1
/** A message that becomes visible sooner than this is hidden for longer, ms. */
const MIN_LEFT_MS = 40_000
/** SQS returns at most this many messages of a group at once. */
const MAX_PER_GROUP = 10

type Services = Pick<DeadLetterStoreServices, 'readSourceMessage' | 'takeLease' | 'requestStop'>

export interface SqsStoreOptions extends Services {
  readonly role: QueueRole
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'now'>
}

export function openStore(
  { queueUrl }: DeadLetterTargetConfig<'sqs'>,
  { readSourceMessage, takeLease, requestStop }: Services = {},
): SqsDeadLetterStore {
  return new SqsDeadLetterStore(queueUrl, { role: { kind: 'sqs' }, readSourceMessage, takeLease, requestStop })
}

export class SqsDeadLetterStore implements TargetDeadLetterStore<Handle> {
  readonly #queue: SqsQueue
  readonly #options: SqsStoreOptions
  readonly #clock: Pick<Clock, 'now'>
  /**
   * The received messages by id. An entry stays after its message is visible again, so that a run yields each dead
   * letter once.
   */
  readonly #held = new Map<string, Held>()
  /** The messages that hold a dead letter, by fingerprint: SQS or a retry may have stored it twice. */
  readonly #copies = new Map<string, Held[]>()
  readonly #parts = new MessageParts()
  readonly #waiting = new Map<string, Waiting>()
  readonly #completed = new Set<string>()
  /** Fingerprints of replaced dead letters. This run does not yield their new version. */
  readonly #replaced = new Set<string>()
  #renewal: Promise<void> | undefined
  #receiving: Promise<unknown> | undefined
  #isClosed = false
  #isSample = false
  /** True if SQS allows no more messages in flight. */
  #isFull = false

  constructor(queueUrl: string, options: SqsStoreOptions) {
    this.#queue = new SqsQueue(queueUrl)
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /**
   * True for a FIFO queue, because SQS returns at most ten messages of a group before some are deleted, and if SQS
   * allows no more messages in flight (about 100,000).
   */
  get givesMoreAfterCompletion(): boolean {
    return this.#queue.isFifo || this.#isFull
  }

  /**
   * Without the purpose `redrive`, receives a sample, and makes it visible again at the end, also when the consumer or
   * `signal` ends it.
   */
  async *deadLetters(options: ReadOptions = {}): AsyncGenerator<OpenDeadLetter<Handle>> {
    if (options.purpose === 'redrive') {
      if (this.#queue.isFifo) await this.#giveBackGroups()
      return yield* this.#receiveMerged(REDRIVE, options)
    }
    try {
      yield* this.#receiveMerged(LOOK, options)
    } finally {
      await this.#giveBack()
      this.#forget()
    }
  }

  /** SQS can't look up a message by id, so up to a thousand messages are received to find it. */
  async find({ deadLetterId }: DeadLetter): Promise<OpenDeadLetter<Handle> | undefined> {
    for await (const open of this.#receiveAll(LOOK, {})) if (open.deadLetter.deadLetterId === deadLetterId) return open
    return undefined
  }

  async notes(): Promise<readonly string[]> {
    const { visible, received, delayed } = await this.#queue.counts()
    const name = queueName(this.#queue.url)
    const notes = [
      `About ${visible} messages are in the queue ${name}, ${received} more are received and hidden, ` +
        `${delayed} delayed (the counts of SQS).`,
      'Reading a queue receives its messages: SQS counts a receive of each and hides it for some seconds, at most ' +
        `${LOOK.visibilityS}.`,
    ]
    if (this.#isSample) notes.push(`This is a sample of ${LOOK.maxMessages} messages of the queue ${name}.`)
    if (this.#queue.isFifo) notes.push(`SQS shows at most ${MAX_PER_GROUP} messages of a group.`)
    if (!this.#options.takeLease)
      notes.push(
        `Nothing excludes a second redrive of the queue ${name}: set KAFKA_REDRIVE_LEASE_QUEUE, or add an s3: or ` +
          'dynamodb: target to KAFKA_DEAD_LETTER.',
      )
    return notes
  }

  async complete(completed: readonly Completed<Handle>[]): Promise<void> {
    const deletions: { readonly held: Held; readonly of: Completed<Handle> }[] = []
    for (const of of completed) {
      const fingerprint = of.open.handle
      this.#completed.add(fingerprint)
      for (const held of this.#close(fingerprint)) deletions.push({ held, of })
    }
    const isDeleted = await this.#delete(deletions.map(({ held }) => held))
    const left = new Set(deletions.filter((_, index) => !isDeleted[index]).map(({ of }) => of))
    if (left.size > 0) throw new NotCompletedError([...left])
  }

  partlyDone(): readonly PartlyDone<Handle>[] {
    return this.#parts.partlyDone(handle => this.#copies.has(handle))
  }

  async replace(open: OpenDeadLetter<Handle>, deadLetter: DeadLetter): Promise<void> {
    if (this.#options.role.kind !== 'sqs') return this.#parts.replace(open, deadLetter)
    const { entry } = toEntry(deadLetter, 0)
    await this.#queue.send({ body: entry.MessageBody as string, attributes: entry.MessageAttributes })
    this.#replaced.add(fingerprintOf(deadLetter))
    // If the old message can't be deleted, a reader merges both versions.
    await this.#delete(this.#close(open.handle))
  }

  /** Takes the lease, and keeps the received messages hidden until it is released. */
  async lease(wait?: LeaseWait): Promise<Lease> {
    const lease = await this.#options.takeLease?.(wait)
    return {
      check: async () => lease?.check(),
      renew: async () => {
        await Promise.all([lease?.renew(), this.#renew()])
      },
      release: async () => lease?.release(),
    }
  }

  async requestStop(): Promise<StopRequest> {
    return (await this.#options.requestStop?.()) ?? 'no-lease'
  }

  /**
   * Extends the visibility timeout of messages that would soon become visible, before their records are sent.
   * @throws DeadLetterError `redrive-running` if other readers may have received them, because this process was
   * suspended for too long
   */
  async reserve(open: readonly OpenDeadLetter<Handle>[]): Promise<void> {
    const now = this.#clock.now()
    const copies = open.map(({ handle }) => this.#copies.get(handle) ?? [])
    if (copies.some(held => held.length > 0 && held.every(({ until }) => until <= now)))
      throw redriveRunning(`queue (${queueName(this.#queue.url)})`)
    await this.#hideLonger(copies.flat())
  }

  async tidy(): Promise<void> {}

  /** Ends reading, waits for pending receives, and makes all received messages visible again. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#receiving?.catch(() => undefined)
    await this.#giveBack()
    this.#forget()
    await this.#queue.close()
  }

  /**
   * SQS returns messages in any order, and a later copy may say that the record is already in its topic. So copies are
   * merged before a dead letter is yielded.
   */
  async *#receiveMerged(reading: Reading, options: ReadOptions): AsyncGenerator<OpenDeadLetter<Handle>> {
    let bytes = 0
    for await (const { deadLetter } of this.#receiveAll(reading, options)) {
      bytes += HANDLE_BYTES + sizeInMemory(deadLetter)
      if (bytes < WAITING_BYTES) continue
      yield* this.#takeWaiting(options)
      bytes = 0
    }
    yield* this.#takeWaiting(options)
  }

  *#takeWaiting({ signal }: ReadOptions): Generator<OpenDeadLetter<Handle>> {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const open of waiting) {
      if (signal?.aborted || this.#isClosed) return
      yield open
    }
  }

  async *#receiveAll(
    { visibilityS, maxMessages, emptyAnswers }: Reading,
    { signal, onUnreadable }: ReadOptions,
  ): AsyncGenerator<OpenDeadLetter<Handle>> {
    let count = 0
    let empty = 0
    let withoutNews = 0
    while (!signal?.aborted && !this.#isClosed && empty < emptyAnswers && withoutNews < ANSWERS_WITHOUT_NEWS) {
      // A FIFO group with messages in flight returns no more until these are completed.
      const isPart = this.#queue.isFifo && count > 0
      const receiving = this.#receiveBatch(visibilityS, isPart ? 0 : WAIT_S, onUnreadable)
      this.#receiving = receiving
      const { received, fresh, open, done } = await receiving
      if (this.#isClosed) return
      // Deletes copies of dead letters that this run has completed.
      await this.#delete(done)
      empty = received === 0 ? empty + (isPart ? emptyAnswers : 1) : 0
      withoutNews = fresh === 0 ? withoutNews + 1 : 0
      count += fresh
      yield* open
      if (count < maxMessages) continue
      this.#isSample = true
      return
    }
  }

  async #receiveBatch(visibilityS: number, waitS: number, onUnreadable: ReadOptions['onUnreadable']): Promise<Batch> {
    const until = this.#clock.now() + visibilityS * 1000
    const messages = await this.#receive(visibilityS, waitS)
    const fresh = messages.filter(message => !this.#holdAgain(message, until))
    const batch: Batch = { received: messages.length, fresh: fresh.length, open: [], done: [] }
    for (const message of fresh) this.#take(message, until, batch, onUnreadable)
    return batch
  }

  async #receive(visibilityS: number, waitS: number): Promise<Message[]> {
    try {
      return await this.#queue.receive(visibilityS, waitS)
    } catch (error) {
      if (!(error instanceof DeadLetterError) || !error.causeCode?.includes('OverLimit')) throw error
      this.#isFull = true
      return []
    }
  }

  /** @returns whether this run has received the message before; then its new receipt handle replaces the old one */
  #holdAgain({ MessageId = '', ReceiptHandle = '' }: Message, until: number): boolean {
    const held = this.#held.get(MessageId)
    if (held) Object.assign(held, { receiptHandle: ReceiptHandle, until })
    return held !== undefined
  }

  #take(message: Message, until: number, batch: Batch, onUnreadable: ReadOptions['onUnreadable']): void {
    const { MessageId: id = '', ReceiptHandle: receiptHandle = '', Attributes } = message
    const location = `sqs:${id}`
    const { role, readSourceMessage } = this.#options
    const reading = readMessage(toRaw(message), role, readSourceMessage)
    const deadLetters = reading.kind === 'dead-letters' ? reading.deadLetters : []
    const held: Held = {
      id,
      receiptHandle,
      until,
      group: Attributes?.MessageGroupId,
      isInOrder: deadLetters.some(({ failure }) => failure.kind === 'delivery-failure'),
      open: new Set(),
    }
    this.#held.set(id, held)
    if (reading.kind === 'unreadable') {
      onUnreadable?.({ location, reason: reading.reason, count: 1 })
      return
    }
    const parts = deadLetters.map(deadLetter => ({
      deadLetter,
      location,
      verified: deadLetter.claimCheck === null,
      handle: fingerprintOf(deadLetter),
    }))
    for (const open of this.#parts.add(id, parts)) {
      const { deadLetter, handle } = open
      if (this.#completed.has(handle)) continue
      held.open.add(handle)
      const copies = this.#copies.get(handle)
      if (copies) {
        copies.push(held)
        const waiting = this.#waiting.get(handle)
        if (waiting) waiting.deadLetter = mergeDeadLetters(waiting.deadLetter, deadLetter)
      } else {
        this.#copies.set(handle, [held])
        if (this.#replaced.has(handle)) continue
        const waiting = { ...open }
        this.#waiting.set(handle, waiting)
        batch.open.push(waiting)
      }
    }
    if (held.open.size === 0) batch.done.push(held)
  }

  /** Marks a dead letter as completed. @returns the messages without another open one */
  #close(fingerprint: string): Held[] {
    const copies = this.#copies.get(fingerprint) ?? []
    this.#copies.delete(fingerprint)
    for (const held of copies) held.open.delete(fingerprint)
    return copies.filter(held => held.open.size === 0)
  }

  /**
   * @returns per message, in order: whether it is deleted. SQS may report success for an expired receipt handle and
   * keep the message, which another reader may have received
   */
  async #delete(messages: readonly Held[]): Promise<boolean[]> {
    const isInTime = messages.map(({ until }) => this.#clock.now() < until)
    const isDeleted = await this.#queue.delete(messages.map(({ receiptHandle }) => receiptHandle))
    for (const { id } of messages) this.#held.delete(id)
    return isDeleted.map((deleted, index) => deleted && (isInTime[index] ?? false))
  }

  /**
   * Makes unreadable messages and invalid records visible again, because SQS returns nothing of a group with a message
   * in flight: the rest of the group can then be read. After any other message that stays, the group waits for the next
   * run.
   */
  async #giveBackGroups(): Promise<void> {
    const held = this.#inFlight()
    const waiting = new Set(held.filter(({ isInOrder, open }) => isInOrder && open.size > 0).map(({ group }) => group))
    await this.#giveBack(held.filter(({ group }) => !waiting.has(group)))
  }

  /** If this fails, the messages become visible by themselves within a minute. */
  async #giveBack(messages: readonly Held[] = this.#inFlight()): Promise<void> {
    if (messages.length === 0) return
    await this.#queue
      .hide(
        messages.map(({ receiptHandle }) => receiptHandle),
        0,
      )
      .catch(() => undefined)
    for (const held of messages) held.until = Number.NEGATIVE_INFINITY
  }

  #inFlight(): Held[] {
    const now = this.#clock.now()
    return [...this.#held.values()].filter(({ until }) => now < until)
  }

  /** Runs one renewal at a time, because with many messages it can take longer than the timer's interval. */
  #renew(): Promise<void> {
    this.#renewal ??= this.#hideLonger(this.#inFlight()).finally(() => {
      this.#renewal = undefined
    })
    return this.#renewal
  }

  async #hideLonger(messages: readonly Held[]): Promise<void> {
    const from = this.#clock.now()
    const due = messages.filter(({ until }) => from < until && until - from < MIN_LEFT_MS)
    if (due.length === 0) return
    const isHidden = await this.#queue.hide(
      due.map(({ receiptHandle }) => receiptHandle),
      REDRIVE.visibilityS,
    )
    due.forEach((held, index) => {
      if (isHidden[index]) held.until = from + REDRIVE.visibilityS * 1000
    })
  }

  #forget(): void {
    this.#held.clear()
    this.#copies.clear()
    this.#waiting.clear()
    this.#parts.clear()
  }
}

function toRaw({ MessageId = '', Body = '', Attributes = {}, MessageAttributes = {} }: Message): RawMessage {
  return { messageId: MessageId, body: Body, attributes: Attributes, messageAttributes: MessageAttributes }
}
