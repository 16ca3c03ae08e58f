// Reads a listed object. A problem of one object is returned instead of thrown, so that the others are still read.

import { awsErrorCode } from '../../aws-error-code.ts'
import type { S3 } from '../aws-clients.ts'
import { awsStoreError } from '../aws-error.ts'
import { getObject } from './get-object.ts'
import type { ListedObject } from './list-objects.ts'

export type ObjectReading =
  | { readonly kind: 'object'; readonly body: Buffer; readonly etag: string | undefined }
  /** The object stays where it is. */
  | { readonly kind: 'unreadable'; readonly reason: string }
  /** The object was removed since it was listed. */
  | { readonly kind: 'gone' }

/**
 * @param maxBytes a larger object is not read
 * @throws DeadLetterError if the bucket can't be read
 */
export async function readObject(
  s3: S3,
  bucket: string,
  { key, bytes }: Pick<ListedObject, 'key' | 'bytes'>,
  { maxBytes, tooLarge }: { readonly maxBytes: number; readonly tooLarge: string },
): Promise<ObjectReading> {
  if (bytes > maxBytes) return { kind: 'unreadable', reason: tooLarge }
  try {
    const { body, etag } = await getObject(s3, { Bucket: bucket, Key: key }, maxBytes)
    return body === undefined ? { kind: 'unreadable', reason: tooLarge } : { kind: 'object', body, etag }
  } catch (error) {
    const code = awsErrorCode(error)
    if (code === 'NoSuchKey') return { kind: 'gone' }
    if (!isOfObject(error)) throw awsStoreError(error, 'S3 bucket')
    return { kind: 'unreadable', reason: `S3 refuses to return the object (${code})` }
  }
}

/**
 * Whether the error concerns only this object (no permission for it or its KMS key, an archived object), so others may
 * be readable.
 */
function isOfObject(error: unknown): boolean {
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode ?? 0
  return status >= 400 && status < 500 && status !== 408 && status !== 429
}
