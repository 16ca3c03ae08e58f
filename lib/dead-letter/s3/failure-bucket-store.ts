// Reads and completes the dead letters in a bucket of Lambda's records of failed invocations. An object may hold
// several records (the events of a pipe); it is deleted when all of them are completed, unless it has changed since it
// was read.
import { awsErrorCode } from '../../aws-error-code.ts'
import { DeadLetterError } from '../../errors.ts'
import { abortAfter, loadS3, type S3 } from '../aws-clients.ts'
import { awsStoreError } from '../aws-error.ts'
import { fingerprintOf } from '../copies.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  type Completed,
  type DeadLetterStoreServices,
  type Lease,
  NotCompletedError,
  type OpenDeadLetter,
  type PartlyDone,
  type ReadOptions,
  type SendingPlace,
  type StopRequest,
  type TargetDeadLetterStore,
} from '../dead-letter-store.ts'
import { inParallel, inParallelAhead } from '../in-parallel.ts'
import { MessageParts, notEditable } from '../message-parts.ts'
import type { SourceMessageReader } from '../raw-message.ts'
import { type MessageReading, readMessage } from '../sqs/read-message.ts'
import { type FailureBucketConfig, recordPrefix, redrivePrefix } from './failure-bucket.ts'
import { requestStop, takeLease } from './lease.ts'
import { type ListedObject, listObjects } from './list-objects.ts'
import { readObject } from './read-object.ts'
import { createSendingPlace } from './sending-place.ts'

const CALL_MS = 30_000
/** More than the largest event (1 MB) and the largest response (6 MB) together. */
const BOUND = { maxBytes: 16 * 1024 * 1024, tooLarge: 'it is too large for Lambda’s record of an invocation' }
/** How much is read ahead, bytes. */
const MAX_AHEAD_BYTES = 16 * 1024 * 1024

/** An object that was read. */
interface Held {
  readonly key: string
  readonly etag: string | undefined
  /** The fingerprints of its open dead letters. */
  readonly open: Set<string>
}

/** The fingerprint of the dead letter. */
type Handle = string

type Read =
  | { readonly kind: 'read'; readonly held: Held; readonly deadLetters: readonly DeadLetter[] }
  | { readonly kind: 'unreadable'; readonly key: string; readonly reason: string }
  | { readonly kind: 'gone'; readonly key: string }

export function openStore(
  config: FailureBucketConfig,
  { readSourceMessage }: Pick<DeadLetterStoreServices, 'readSourceMessage'>,
): FailureBucketStore {
  return new FailureBucketStore(config, readSourceMessage)
}

export class FailureBucketStore implements TargetDeadLetterStore<Handle> {
  readonly #config: FailureBucketConfig
  readonly #reader: SourceMessageReader | undefined
  /** The objects that hold a dead letter, by fingerprint: Lambda may have stored its record twice. */
  readonly #copies = new Map<string, Held[]>()
  readonly #parts = new MessageParts()
  readonly #completed = new Set<string>()
  /** Objects whose dead letters were all completed before they were read. */
  readonly #late: Held[] = []
  #client: Promise<S3> | undefined

  /** @param reader reads the records; without it none can be read */
  constructor(config: FailureBucketConfig, reader: SourceMessageReader | undefined) {
    this.#config = config
    this.#reader = reader
  }

  /** Reads in the order of the keys, which begin with the time of the failure. */
  async *deadLetters({ onUnreadable, signal }: ReadOptions = {}): AsyncGenerator<OpenDeadLetter<Handle>> {
    const ahead = { sizeOf: ({ bytes }: ListedObject) => bytes, maxBytes: MAX_AHEAD_BYTES }
    for await (const read of inParallelAhead(this.#list(signal), listed => this.#read(listed), ahead)) {
      if (signal?.aborted) return
      if (read.kind === 'unreadable')
        onUnreadable?.({ location: this.#location(read.key), reason: read.reason, count: 1 })
      if (read.kind === 'read') yield* this.#take(read.held, read.deadLetters)
    }
  }

  async find({ deadLetterId }: DeadLetter, location: string): Promise<OpenDeadLetter<Handle> | undefined> {
    const key = location.slice(this.#location('').length)
    if (!key.startsWith(this.#prefix)) return undefined
    const read = await this.#read({ key, bytes: 0, storedAt: Number.POSITIVE_INFINITY })
    if (read.kind !== 'read') return undefined
    return this.#take(read.held, read.deadLetters).find(({ deadLetter }) => deadLetter.deadLetterId === deadLetterId)
  }

  async complete(completed: readonly Completed<Handle>[]): Promise<void> {
    /** The entries of this call by object. */
    const done = new Map<Held, Completed<Handle>[]>()
    for (const one of completed) {
      const fingerprint = one.open.handle
      this.#completed.add(fingerprint)
      for (const held of this.#copies.get(fingerprint) ?? []) {
        held.open.delete(fingerprint)
        done.set(held, [...(done.get(held) ?? []), one])
      }
      this.#copies.delete(fingerprint)
    }
    const left = new Set<Completed<Handle>>()
    let cause: unknown
    await inParallel([...done], async ([held, entries]) => {
      if (held.open.size > 0) return
      try {
        await this.#delete(held)
      } catch (error) {
        for (const entry of entries) left.add(entry)
        cause = error
      }
    })
    if (left.size > 0) throw new NotCompletedError([...left], { cause })
  }

  partlyDone(): readonly PartlyDone<Handle>[] {
    return this.#parts.partlyDone(handle => this.#copies.has(handle))
  }

  /**
   * Always throws, because nothing is written to an object of Lambda.
   * @throws DeadLetterError for an edited dead letter, and for a new `inDoubt`, which a target or the journal has to
   * keep
   */
  async replace(open: OpenDeadLetter<Handle>, deadLetter: DeadLetter): Promise<void> {
    if (deadLetter.deadLetterId !== open.deadLetter.deadLetterId) throw notEditable()
    if (deadLetter.inDoubt !== null && deadLetter.inDoubt !== open.deadLetter.inDoubt)
      throw new DeadLetterError('dead-letter', 'Lambda’s record can’t store where the Kafka record may be.')
  }

  async lease(): Promise<Lease> {
    return takeLease(await this.#load(), this.#own('redrive.lease'))
  }

  async requestStop(): Promise<StopRequest> {
    return requestStop(await this.#load(), this.#own('redrive.lease'))
  }

  get sending(): SendingPlace {
    return createSendingPlace(() => this.#load(), this.#own('redrive.sending'))
  }

  /** Does nothing: S3 always has room. */
  async reserve(): Promise<void> {}

  async tidy(): Promise<void> {
    await inParallel(this.#late.splice(0), held => this.#delete(held))
  }

  async close(): Promise<void> {
    const pendingClient = this.#client
    this.#client = undefined
    this.#copies.clear()
    this.#parts.clear()
    ;(await pendingClient)?.client.destroy()
  }

  async *#list(signal: AbortSignal | undefined): AsyncGenerator<ListedObject> {
    const prefix = { Bucket: this.#config.bucket, Prefix: this.#prefix }
    // Skips empty objects, by which the S3 console represents folders.
    for await (const listed of listObjects(await this.#load(), prefix, signal))
      if (!(listed.key.endsWith('/') && listed.bytes === 0)) yield listed
  }

  async #read(listed: ListedObject): Promise<Read> {
    const { key } = listed
    const reading = await readObject(await this.#load(), this.#config.bucket, listed, BOUND)
    if (reading.kind !== 'object') return { ...reading, key }
    const message = this.#readMessage(listed, reading.body)
    if (message.kind === 'unreadable') return { ...message, key }
    const { deadLetters } = message
    return { kind: 'read', held: { key, etag: reading.etag, open: new Set() }, deadLetters }
  }

  #readMessage({ key, storedAt }: ListedObject, bytes: Buffer): MessageReading {
    const body = textOf(bytes)
    if (body === undefined) return { kind: 'unreadable', reason: 'it is not UTF-8' }
    const attributes = Number.isFinite(storedAt) ? { SentTimestamp: String(storedAt) } : {}
    const raw = { messageId: key.slice(this.#prefix.length), body, attributes, messageAttributes: {} }
    return readMessage(raw, { kind: 'failure-destination', lambda: this.#config.lambda }, this.#reader)
  }

  /** @returns those that no earlier object holds */
  #take(held: Held, deadLetters: readonly DeadLetter[]): OpenDeadLetter<Handle>[] {
    const parts = deadLetters.map(deadLetter => ({
      deadLetter,
      location: this.#location(held.key),
      verified: true,
      handle: fingerprintOf(deadLetter),
    }))
    const fresh = this.#parts.add(held.key, parts).filter(({ handle }) => {
      if (this.#completed.has(handle)) return false
      held.open.add(handle)
      const copies = this.#copies.get(handle)
      if (copies) copies.push(held)
      else this.#copies.set(handle, [held])
      return copies === undefined
    })
    if (held.open.size === 0 && parts.length > 0) this.#late.push(held)
    return fresh
  }

  /** Deletes only the version that was read, not one stored under the same key since. */
  async #delete({ key, etag }: Held): Promise<void> {
    const { s3, client } = await this.#load()
    const condition = etag === undefined ? {} : { IfMatch: etag }
    const command = new s3.DeleteObjectCommand({ Bucket: this.#config.bucket, Key: key, ...condition })
    try {
      await client.send(command, abortAfter(CALL_MS))
    } catch (error) {
      if (awsErrorCode(error) !== 'NoSuchKey') throw awsStoreError(error, 'S3 bucket')
    }
  }

  #own(name: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#config.bucket, Key: redrivePrefix(this.#config.lambda) + name }
  }

  get #prefix(): string {
    return recordPrefix(this.#config.lambda)
  }

  #location(key: string): string {
    return `s3://${this.#config.bucket}/${key}`
  }

  #load(): Promise<S3> {
    this.#client ??= loadS3()
    return this.#client
  }
}

/** @returns undefined for bytes that are not UTF-8, which decoding would change */
function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
