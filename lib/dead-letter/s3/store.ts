// Reads and completes the dead letters under a prefix of an S3 bucket. Each is one object, which is deleted on
// completion.
import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import { DeadLetterError } from '../../errors.ts'
import { abortAfter, loadS3, type S3 } from '../aws-clients.ts'
import { awsStoreError } from '../aws-error.ts'
import { completeEach } from '../complete-each.ts'
import { Copies, type Entries } from '../copies.ts'
import { DEAD_LETTER_MEDIA_TYPE, type DeadLetter, MAX_VALUE_BYTES } from '../dead-letter.ts'
import {
  type Completed,
  type Lease,
  type OpenDeadLetter,
  type ReadOptions,
  redriveRunning,
  type SendingPlace,
  type StopRequest,
  type TargetDeadLetterStore,
} from '../dead-letter-store.ts'
import { inParallel, inParallelAhead } from '../in-parallel.ts'
import { mergeDeadLetters } from '../merge-dead-letters.ts'
import { parseDeadLetter } from '../read-dead-letter.ts'
import type { DeadLetterTargetConfig } from '../target-kinds.ts'
import { tidyClaims } from './claims.ts'
import { requestStop, takeLease } from './lease.ts'
import { type ListedObject, listObjects } from './list-objects.ts'
import { readObject } from './read-object.ts'
import { createSendingPlace } from './sending-place.ts'

const CALL_MS = 30_000
const LEASE = 'redrive.lease'
const SENDING = 'redrive.sending'
const SUFFIX = '.json'
/** Room for the base64 text of the largest record, with its headers. */
const BOUND = { maxBytes: 2 * MAX_VALUE_BYTES, tooLarge: 'it is too large for a dead letter' }
/** How much is read ahead, bytes. */
const MAX_AHEAD_BYTES = 16 * 1024 * 1024

export function openStore({ bucket, prefix }: DeadLetterTargetConfig<'s3'>): S3DeadLetterStore {
  return new S3DeadLetterStore(bucket, prefix)
}

/** An object's key, and its version as it was read. */
interface Key {
  readonly key: string
  readonly etag: string | undefined
}

/** The result of reading a key. */
type Read =
  | { readonly kind: 'dead-letter'; readonly deadLetter: DeadLetter; readonly verified: boolean; readonly key: Key }
  | { readonly kind: 'unreadable'; readonly key: string; readonly reason: string }
  | { readonly kind: 'gone'; readonly key: string }

export class S3DeadLetterStore implements TargetDeadLetterStore<Entries<Key>> {
  readonly #bucket: string
  readonly #prefix: string
  /** Copies of completed dead letters that were read after the completion. */
  readonly #late: Key[] = []
  #client: Promise<S3> | undefined

  constructor(bucket: string, prefix: string) {
    this.#bucket = bucket
    this.#prefix = prefix === '' ? '' : `${prefix}/`
  }

  async *deadLetters({ onUnreadable, signal }: ReadOptions = {}): AsyncGenerator<OpenDeadLetter<Entries<Key>>> {
    const copies = new Copies<Key>(key => this.#late.push(key))
    // Keys of the same dead letter follow each other, so it is yielded only after its later attempts are merged into
    // it.
    let pending: OpenDeadLetter<Entries<Key>> | undefined
    const ahead = { sizeOf: ({ bytes }: ListedObject) => bytes, maxBytes: MAX_AHEAD_BYTES }
    for await (const read of inParallelAhead(this.#list(signal), listed => this.#read(listed), ahead)) {
      if (read.kind === 'unreadable')
        onUnreadable?.({ location: this.#location(read.key), reason: read.reason, count: 1 })
      if (read.kind !== 'dead-letter') continue
      const { deadLetter, verified, key } = read
      const handle = copies.add(deadLetter, key)
      if (handle === undefined) continue
      if (pending?.handle === handle)
        pending = { ...pending, deadLetter: mergeDeadLetters(pending.deadLetter, deadLetter) }
      else if (handle.keys.length === 1) {
        if (pending) yield pending
        pending = { deadLetter, location: this.#location(key.key), verified, handle }
      }
    }
    if (pending && !signal?.aborted) yield pending
  }

  async find(deadLetter: DeadLetter, location: string): Promise<OpenDeadLetter<Entries<Key>>> {
    const key = { key: location.slice(this.#location('').length), etag: undefined }
    return { deadLetter, location, verified: true, handle: { keys: [key], isCompleted: false } }
  }

  async complete(completed: readonly Completed<Entries<Key>>[]): Promise<void> {
    await completeEach(completed, key => this.#delete(key))
  }

  /** @throws DeadLetterError `redrive-running` if another process has changed the object since it was read */
  async replace({ deadLetter: old, handle }: OpenDeadLetter<Entries<Key>>, deadLetter: DeadLetter): Promise<void> {
    const [first, ...others] = handle.keys as [Key, ...Key[]]
    const isNew = deadLetter.deadLetterId !== old.deadLetterId
    // An edited dead letter has another id and therefore another key: if the old one is stored again, its key must be
    // free.
    const key = isNew ? `${this.#prefix}${deadLetter.deadLetterId}${SUFFIX}` : first.key
    const condition = first.etag === undefined ? {} : { IfMatch: first.etag }
    const etag = await this.#put(key, deadLetter, isNew ? { IfNoneMatch: '*' } : condition)
    if (etag === 'refused' && !isNew) throw redriveRunning('bucket')
    if (etag === 'refused' && !(await this.#has(key, deadLetter))) throw notReplaced(this.#location(key))
    for (const replaced of isNew ? handle.keys : others) await this.#delete(replaced)
    handle.keys.splice(0, handle.keys.length, { key, etag: etag === 'refused' ? undefined : etag })
  }

  async lease(): Promise<Lease> {
    return takeLease(await this.#load(), { Bucket: this.#bucket, Key: `${this.#prefix}${LEASE}` })
  }

  async requestStop(): Promise<StopRequest> {
    return requestStop(await this.#load(), { Bucket: this.#bucket, Key: `${this.#prefix}${LEASE}` })
  }

  get sending(): SendingPlace {
    return createSendingPlace(() => this.#load(), { Bucket: this.#bucket, Key: this.#prefix + SENDING })
  }

  /** Does nothing: S3 always has room. */
  async reserve(): Promise<void> {}

  /** Completed dead letters are deleted at once, so only late copies and claim-check values remain. */
  async tidy(): Promise<void> {
    await inParallel(this.#late.splice(0), key => this.#delete(key))
    const s3 = await this.#load()
    await this.#call(() => tidyClaims(s3, this.#bucket, this.#prefix.slice(0, -1)))
  }

  async close(): Promise<void> {
    const pendingClient = this.#client
    this.#client = undefined
    ;(await pendingClient)?.client.destroy()
  }

  async *#list(signal: AbortSignal | undefined): AsyncGenerator<ListedObject> {
    const prefix = { Bucket: this.#bucket, Prefix: this.#prefix, Delimiter: '/' } as const
    for await (const listed of listObjects(await this.#load(), prefix, signal))
      if (listed.key.endsWith(SUFFIX)) yield listed
  }

  async #read(listed: Pick<ListedObject, 'key' | 'bytes'>): Promise<Read> {
    const { key } = listed
    const reading = await readObject(await this.#load(), this.#bucket, listed, BOUND)
    if (reading.kind !== 'object') return { ...reading, key }
    const { body, etag } = reading
    const result = parseDeadLetter(body.toString())
    if (result.kind === 'dead-letter') return { ...result, key: { key, etag } }
    return { kind: 'unreadable', key, reason: result.kind === 'foreign' ? 'it is no dead letter' : result.reason }
  }

  /** Whether the object under this key really is the dead letter. */
  async #has(key: string, { deadLetterId }: DeadLetter): Promise<boolean> {
    const stored = await this.#read({ key, bytes: 0 })
    return stored.kind === 'dead-letter' && stored.verified && stored.deadLetter.deadLetterId === deadLetterId
  }

  async #delete({ key }: Key): Promise<void> {
    const { s3, client } = await this.#load()
    const command = new s3.DeleteObjectCommand({ Bucket: this.#bucket, Key: key })
    await this.#call(() => client.send(command, abortAfter(CALL_MS)))
  }

  /** @returns the new version, or `refused` when the condition does not hold */
  async #put(
    key: string,
    deadLetter: DeadLetter,
    condition: Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'>,
  ): Promise<string | 'refused' | undefined> {
    const { s3, client } = await this.#load()
    const command = new s3.PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      Body: JSON.stringify(deadLetter),
      ContentType: DEAD_LETTER_MEDIA_TYPE,
      ...condition,
    })
    try {
      return (await client.send(command, abortAfter(CALL_MS))).ETag
    } catch (error) {
      const { name } = error as Error
      // With If-Match, a missing object means that the condition does not hold.
      if (name === 'PreconditionFailed' || name === 'NoSuchKey') return 'refused'
      throw awsStoreError(error, 'S3 bucket')
    }
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw awsStoreError(error, 'S3 bucket')
    }
  }

  #location(key: string): string {
    return `s3://${this.#bucket}/${key}`
  }

  #load(): Promise<S3> {
    this.#client ??= loadS3()
    return this.#client
  }
}

function notReplaced(location: string): DeadLetterError {
  const message = `${location} holds something else than the edited dead letter; the original dead letter is unchanged.`
  return new DeadLetterError('dead-letter', message)
}
