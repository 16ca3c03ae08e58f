// Stores dead letters as objects of an S3 bucket, `<prefix>/<deadLetterId>.json`, each once; `<deadLetterId>-….json` is
// a later attempt with an unknown outcome. The client is loaded on first use. Conditional writes:
// docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
import { createHash } from 'node:crypto'
import { DeadLetterError } from '../../errors.ts'
import { requirePackages } from '../../optional-packages.ts'
import type { Deadline } from '../../time/deadline.ts'
import { abortAfter, loadS3, type S3 } from '../aws-clients.ts'
import { claimName } from '../claim.ts'
import { DEAD_LETTER_MEDIA_TYPE, type DeadLetter } from '../dead-letter.ts'
import type { DeadLetterTarget, DeadLetterTargetKind, StoreResult } from '../dead-letter-target.ts'
import { inParallel } from '../in-parallel.ts'

/** The time limit for storing a claim, ms, because its caller has no deadline. */
const CLAIM_MS = 30_000

export interface S3TargetConfig {
  readonly kind: 's3'
  readonly bucket: string
  /** The prefix without leading and trailing slashes; may be empty. */
  readonly prefix: string
}

export const s3: DeadLetterTargetKind<S3TargetConfig> = {
  syntax: 's3:<bucket>/<prefix>',
  parse: text => {
    const [bucket = '', ...prefix] = text.split('/')
    if (!isBucketName(bucket)) return undefined
    return { kind: 's3', bucket, prefix: prefix.join('/').replace(/^\/+|\/+$/g, '') }
  },
}

export function isBucketName(text: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text)
}

export function createS3Target({ bucket, prefix }: S3TargetConfig): S3DeadLetterTarget {
  requirePackages('s3')
  return new S3DeadLetterTarget(bucket, prefix)
}

export class S3DeadLetterTarget implements DeadLetterTarget {
  readonly #bucket: string
  readonly #prefix: string
  #client: Promise<S3> | undefined

  /** @param prefix without leading and trailing slashes; may be empty */
  constructor(bucket: string, prefix: string) {
    this.#bucket = bucket
    this.#prefix = prefix === '' ? '' : `${prefix}/`
  }

  /** @returns locations `s3://<bucket>/<key>`, the same for a dead letter that is already stored */
  store(deadLetters: readonly DeadLetter[], deadline: Deadline): Promise<StoreResult[]> {
    return inParallel(deadLetters, async deadLetter => {
      try {
        return await this.#store(deadLetter, deadline)
      } catch (cause) {
        return failed(cause)
      }
    })
  }

  /**
   * Keeps a dead letter that is already stored. A new one with `inDoubt` is stored as a second object, because it says
   * where in the log the record may be. Merging both would need permission to read.
   */
  async #store(deadLetter: DeadLetter, { remaining }: Deadline): Promise<string> {
    const body = JSON.stringify(deadLetter)
    const put = (name: string) =>
      this.#put(`${this.#prefix}${name}.json`, body, DEAD_LETTER_MEDIA_TYPE, remaining, { IfNoneMatch: '*' })
    const { deadLetterId, inDoubt } = deadLetter
    const { location, isStored } = await put(deadLetterId)
    if (isStored || inDoubt === null) return location
    const attempt = createHash('sha256').update(JSON.stringify(inDoubt)).digest('base64url').slice(0, 11)
    return (await put(`${deadLetterId}-${attempt}`)).location
  }

  /** Overwrites an existing value: its new time stops a redrive's `tidy` from removing it. */
  async storeClaim(deadLetterId: string, value: Uint8Array): Promise<string> {
    const key = `${this.#prefix}${claimName(deadLetterId)}`
    return (await this.#put(key, value, 'application/octet-stream', CLAIM_MS, {})).location
  }

  async close(): Promise<void> {
    const pendingClient = this.#client
    this.#client = undefined
    ;(await pendingClient)?.client.destroy()
  }

  /** @returns `isStored`: false if there is an object with this key already */
  async #put(
    key: string,
    body: Uint8Array | string,
    type: string,
    ms: number,
    condition: { readonly IfNoneMatch?: '*' },
  ): Promise<{ readonly location: string; readonly isStored: boolean }> {
    const location = `s3://${this.#bucket}/${key}`
    this.#client ??= loadS3()
    const { s3, client } = await this.#client
    const command = new s3.PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      Body: body,
      ContentType: type,
      ...condition,
    })
    try {
      await client.send(command, abortAfter(ms))
      return { location, isStored: true }
    } catch (error) {
      // The existing object has the same record, because the key is derived from the record.
      if ((error as { name?: unknown }).name !== 'PreconditionFailed') throw error
      return { location, isStored: false }
    }
  }
}

/** Reports the service's error code, never its message, which may quote names. */
function failed(cause: unknown): DeadLetterError {
  return new DeadLetterError(
    'dead-letter',
    `The S3 target did not store a dead letter (${cause instanceof Error ? cause.name : 'Error'}).`,
    { retriable: true, cause },
  )
}
