// The open dead letters under a prefix of an S3 bucket: one object each, which is deleted when it is completed.
import { randomUUID } from 'node:crypto'
import { abortAfter, loadS3, type S3 } from '../aws-clients.ts'
import { DEAD_LETTER_MEDIA_TYPE, type DeadLetter } from '../dead-letter.ts'
import {
  type Completed,
  LEASE_MS,
  type Lease,
  type OpenDeadLetter,
  type ReadOptions,
  redriveRunning,
  type TargetDeadLetterStore,
} from '../dead-letter-store.ts'
import { inParallel } from '../in-parallel.ts'
import { readDeadLetter } from '../read-dead-letter.ts'
import type { DeadLetterTargetConfig } from '../target-kinds.ts'

const CALL_MS = 30_000
const LEASE = 'redrive.lease'

export function openStore({ bucket, prefix }: DeadLetterTargetConfig<'s3'>): S3DeadLetterStore {
  return new S3DeadLetterStore(bucket, prefix)
}

/** The handle is the key of the object. */
type Handle = string

export class S3DeadLetterStore implements TargetDeadLetterStore<Handle> {
  readonly #bucket: string
  readonly #prefix: string
  #client: Promise<S3> | undefined

  constructor(bucket: string, prefix: string) {
    this.#bucket = bucket
    this.#prefix = prefix === '' ? '' : `${prefix}/`
  }

  async *deadLetters(_options?: ReadOptions): AsyncGenerator<OpenDeadLetter<Handle>> {
    const { s3, client } = await this.#load()
    for (let token: string | undefined; ; ) {
      const page = await client.send(
        new s3.ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: this.#prefix,
          Delimiter: '/',
          ...(token ? { ContinuationToken: token } : {}),
        }),
        abortAfter(CALL_MS),
      )
      const keys = (page.Contents ?? []).map(({ Key }) => Key as string).filter(key => key.endsWith('.json'))
      yield* (await inParallel(keys, key => this.#read(key))).filter(open => open !== undefined)
      token = page.NextContinuationToken
      if (token === undefined) return
    }
  }

  async find(deadLetter: DeadLetter, location: string): Promise<OpenDeadLetter<Handle>> {
    return { deadLetter, location, verified: true, handle: location.slice(`s3://${this.#bucket}/`.length) }
  }

  async complete(completed: readonly Completed<Handle>[]): Promise<void> {
    const { s3, client } = await this.#load()
    await inParallel(completed, ({ open }) =>
      client.send(new s3.DeleteObjectCommand({ Bucket: this.#bucket, Key: open.handle }), abortAfter(CALL_MS)),
    )
  }

  async replace(open: OpenDeadLetter<Handle>, deadLetter: DeadLetter): Promise<void> {
    await this.#put(open.handle, JSON.stringify(deadLetter), DEAD_LETTER_MEDIA_TYPE)
  }

  /** A conditional write: the process that creates the object has the lease. */
  async lease(): Promise<Lease> {
    const { s3, client } = await this.#load()
    const holder = randomUUID()
    const object = { Bucket: this.#bucket, Key: `${this.#prefix}${LEASE}` }
    let etag = await this.#put(object.Key, holder, 'text/plain', { IfNoneMatch: '*' }).catch(async error => {
      if ((error as Error).name !== 'PreconditionFailed') throw error
      const { LastModified, ETag } = await client.send(new s3.HeadObjectCommand(object), abortAfter(CALL_MS))
      if (Date.now() - (LastModified?.getTime() ?? 0) < LEASE_MS) throw redriveRunning('bucket')
      return this.#put(object.Key, holder, 'text/plain', ETag === undefined ? {} : { IfMatch: ETag }).catch(() => {
        throw redriveRunning('bucket')
      })
    })
    const renew = async () => {
      etag = await this.#put(object.Key, holder, 'text/plain', etag === undefined ? {} : { IfMatch: etag }).catch(
        () => {
          throw redriveRunning('bucket')
        },
      )
    }
    const release = async () => {
      // Only if it is still this lease.
      await renew()
      await client.send(new s3.DeleteObjectCommand(object), abortAfter(CALL_MS))
    }
    return { check: renew, renew, release }
  }

  async reserve(): Promise<void> {}

  async tidy(): Promise<void> {}

  async close(): Promise<void> {
    const pendingClient = this.#client
    this.#client = undefined
    ;(await pendingClient)?.client.destroy()
  }

  async #read(key: string): Promise<OpenDeadLetter<Handle> | undefined> {
    const { s3, client } = await this.#load()
    try {
      const { Body } = await client.send(
        new s3.GetObjectCommand({ Bucket: this.#bucket, Key: key }),
        abortAfter(CALL_MS),
      )
      const deadLetter = readDeadLetter((await Body?.transformToString()) ?? '')
      if (!deadLetter) return undefined
      const verified = deadLetter.claimCheck === null
      return { deadLetter, location: `s3://${this.#bucket}/${key}`, verified, handle: key }
    } catch (error) {
      // Completed since it was listed.
      if ((error as Error).name === 'NoSuchKey') return undefined
      throw error
    }
  }

  async #put(
    key: string,
    body: string,
    type: string,
    condition: { IfMatch?: string; IfNoneMatch?: string } = {},
  ): Promise<string | undefined> {
    const { s3, client } = await this.#load()
    const { ETag } = await client.send(
      new s3.PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body, ContentType: type, ...condition }),
      abortAfter(CALL_MS),
    )
    return ETag
  }

  #load(): Promise<S3> {
    this.#client ??= loadS3()
    return this.#client
  }
}
