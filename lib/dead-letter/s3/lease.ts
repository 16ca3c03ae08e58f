// The lease of a redrive: an object of the bucket, written with conditional requests. Its age is measured by the clock
// of S3, so a machine with a wrong clock can neither keep it forever nor take it too early.
import { randomUUID } from 'node:crypto'
import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import { abortAfter, type S3 } from '../aws-clients.ts'
import { awsStoreError } from '../aws-error.ts'
import { LEASE_MS, type Lease, redriveRunning, type StopRequest, stopRequested } from '../dead-letter-store.ts'
import { getObject, type StoredObject } from './get-object.ts'

const CALL_MS = 30_000
/** More than a holder's id needs. */
const MAX_BYTES = 256
/** Appended to the holder's id to ask it to stop. */
const STOP = ' stop'
/** The request is retried if the holder renews its lease at the same time. */
const STOP_ATTEMPTS = 5
const REFUSED: ReadonlySet<string> = new Set(['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey'])

/** @throws DeadLetterError `redrive-running` while another redrive holds it */
export async function takeLease(s3: S3, object: { readonly Bucket: string; readonly Key: string }): Promise<Lease> {
  const lease = new S3Lease(new LeaseObject(s3, object))
  await lease.take()
  return lease
}

/** Asks the holder of the lease to end its redrive. */
export async function requestStop(
  s3: S3,
  object: { readonly Bucket: string; readonly Key: string },
): Promise<StopRequest> {
  const lease = new LeaseObject(s3, object)
  for (let attempt = 0; attempt < STOP_ATTEMPTS; attempt++) {
    const stored = await lease.get()
    if (!stored || Math.abs(stored.ageMs) >= LEASE_MS) return 'not-running'
    const holder = String(stored.body ?? '')
    if (holder.endsWith(STOP) || (await lease.put(holder + STOP, { IfMatch: stored.etag })) !== 'refused')
      return 'requested'
  }
  throw redriveRunning('bucket')
}

class LeaseObject {
  readonly #s3: S3
  readonly #object: { readonly Bucket: string; readonly Key: string }

  constructor(s3: S3, object: { readonly Bucket: string; readonly Key: string }) {
    this.#s3 = s3
    this.#object = object
  }

  /** @returns undefined if nobody holds a lease */
  async get(): Promise<StoredObject | undefined> {
    try {
      return await getObject(this.#s3, this.#object, MAX_BYTES)
    } catch (error) {
      if ((error as Error).name === 'NoSuchKey') return undefined
      throw awsStoreError(error, 'S3 bucket')
    }
  }

  /** @returns the new version, or `refused` if the condition does not hold */
  async put(
    Body: string,
    condition: Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'>,
  ): Promise<{ readonly etag: string | undefined } | 'refused'> {
    const { s3, client } = this.#s3
    const command = new s3.PutObjectCommand({ ...this.#object, ...condition, Body, ContentType: 'text/plain' })
    try {
      return { etag: (await client.send(command, abortAfter(CALL_MS))).ETag }
    } catch (error) {
      if (REFUSED.has((error as Error).name)) return 'refused'
      throw awsStoreError(error, 'S3 bucket')
    }
  }

  async delete(): Promise<void> {
    const { s3, client } = this.#s3
    try {
      await client.send(new s3.DeleteObjectCommand(this.#object), abortAfter(CALL_MS))
    } catch (error) {
      throw awsStoreError(error, 'S3 bucket')
    }
  }
}

class S3Lease implements Lease {
  readonly #object: LeaseObject
  readonly #holder = randomUUID()
  #etag: string | undefined
  /** Renewing the lease removes the request from the object. */
  #isAskedToStop = false

  constructor(object: LeaseObject) {
    this.#object = object
  }

  async take(): Promise<void> {
    if (await this.#put({ IfNoneMatch: '*' })) return
    const stored = await this.#object.get()
    if (stored && this.#isOwn(stored)) this.#etag = stored.etag
    // A time in the future comes from a wrong clock, so such a lease counts as expired.
    else if (stored && Math.abs(stored.ageMs) < LEASE_MS) throw redriveRunning('bucket')
    else if (!(await this.#put(stored ? { IfMatch: stored.etag } : { IfNoneMatch: '*' })))
      throw redriveRunning('bucket')
  }

  async check(): Promise<void> {
    const stored = await this.#object.get()
    if (!stored || !this.#isOwn(stored)) throw redriveRunning('bucket')
    if (this.#isAskedToStop) throw stopRequested()
  }

  async renew(): Promise<void> {
    if (await this.#put({ IfMatch: this.#etag })) return
    // The condition also fails if the response to an earlier write was lost, or if this redrive was asked to stop.
    const stored = await this.#object.get()
    if (!stored || !this.#isOwn(stored) || !(await this.#put({ IfMatch: stored.etag }))) throw redriveRunning('bucket')
  }

  async release(): Promise<void> {
    // Renews the lease, which fails if another redrive has taken it, and gives it its full time for the next call.
    await this.renew()
    await this.#object.delete()
  }

  #isOwn({ body }: StoredObject): boolean {
    const text = String(body ?? '')
    if (text === this.#holder + STOP) this.#isAskedToStop = true
    return text === this.#holder || text === this.#holder + STOP
  }

  /** @returns false if the condition does not hold */
  async #put(condition: Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'>): Promise<boolean> {
    const result = await this.#object.put(this.#holder, condition)
    if (result === 'refused') return false
    this.#etag = result.etag
    return true
  }
}
