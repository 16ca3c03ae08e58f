// Dead letters as objects of an S3 bucket, `<prefix>/<deadLetterId>.json`, each stored once. The client is loaded on
// first use. Conditional writes: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
import { DeadLetterError } from '../../errors.ts'
import type { Deadline } from '../../time/deadline.ts'
import { abortAfter, loadS3, type S3 } from '../aws-clients.ts'
import { claimName } from '../claim.ts'
import { DEAD_LETTER_MEDIA_TYPE, type DeadLetter } from '../dead-letter.ts'
import type { DeadLetterTarget, DeadLetterTargetKind, StoreResult } from '../dead-letter-target.ts'
import { inParallel } from '../in-parallel.ts'

/** The limit for storing a claim, whose caller has no deadline. */
const CLAIM_MS = 30_000

export interface S3TargetConfig {
  readonly kind: 's3'
  readonly bucket: string
  /** Without leading and trailing slashes; may be empty. */
  readonly prefix: string
}

export const s3: DeadLetterTargetKind<S3TargetConfig> = {
  syntax: 's3:<bucket>/<prefix>',
  parse: text => {
    const [bucket = '', ...prefix] = text.split('/')
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) return undefined
    return { kind: 's3', bucket, prefix: prefix.join('/').replace(/^\/+|\/+$/g, '') }
  },
}

export function createS3Target({ bucket, prefix }: S3TargetConfig): S3DeadLetterTarget {
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
        return await this.#put(
          `${this.#prefix}${deadLetter.deadLetterId}.json`,
          JSON.stringify(deadLetter),
          DEAD_LETTER_MEDIA_TYPE,
          deadline.remaining,
        )
      } catch (cause) {
        return failed(cause)
      }
    })
  }

  /** Written again where it exists: its new time tells a redrive's tidying that it is in use again. */
  async storeClaim(deadLetterId: string, value: Uint8Array): Promise<string> {
    return this.#put(`${this.#prefix}${claimName(deadLetterId)}`, value, 'application/octet-stream', CLAIM_MS, {})
  }

  async close(): Promise<void> {
    const pendingClient = this.#client
    this.#client = undefined
    ;(await pendingClient)?.client.destroy()
  }

  async #put(
    key: string,
    body: Uint8Array | string,
    type: string,
    ms: number,
    condition: { readonly IfNoneMatch?: '*' } = { IfNoneMatch: '*' },
  ): Promise<string> {
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
    } catch (error) {
      // It exists with the same content, because the key is derived from the content.
      if ((error as { name?: unknown }).name !== 'PreconditionFailed') throw error
    }
    return `s3://${this.#bucket}/${key}`
  }
}

/** The service's error code; never its message, which may quote names. */
function failed(cause: unknown): DeadLetterError {
  return new DeadLetterError(
    'dead-letter',
    `The S3 target did not store a dead letter (${cause instanceof Error ? cause.name : 'Error'}).`,
    { retriable: true, cause },
  )
}
