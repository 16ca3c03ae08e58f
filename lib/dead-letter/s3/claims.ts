// Claim-check values of an S3 target: one object each, under `claims/` in its prefix.
import { abortAfter, loadS3, type S3 } from '../aws-clients.ts'
import { type Claim, COMPLETED_SUFFIX, claimName } from '../claim.ts'
import { COMPLETED_MS } from '../dead-letter-store.ts'
import { getObject } from './get-object.ts'
import { listObjects } from './list-objects.ts'
import type { S3TargetConfig } from './target.ts'

const CALL_MS = 30_000
/** The value was stored again, or another process removed it. */
const STAYS: ReadonlySet<string> = new Set(['PreconditionFailed', 'NotFound', 'NoSuchKey'])

/** @returns undefined if the prefix has no such value of this size */
export async function readClaim({ bucket, prefix }: S3TargetConfig, claim: Claim): Promise<Uint8Array | undefined> {
  const s3 = await loadS3()
  const Key = keyOf(prefix, claim.deadLetterId)
  try {
    const { body } = await getObject(s3, { Bucket: bucket, Key }, claim.bytes)
    return body?.length === claim.bytes ? body : undefined
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return undefined
    throw error
  } finally {
    s3.client.destroy()
  }
}

export async function completeClaim({ bucket, prefix }: S3TargetConfig, deadLetterId: string): Promise<void> {
  const { s3, client } = await loadS3()
  try {
    const mark = { Bucket: bucket, Key: keyOf(prefix, deadLetterId) + COMPLETED_SUFFIX, Body: '' }
    await client.send(new s3.PutObjectCommand(mark), abortAfter(CALL_MS))
  } finally {
    client.destroy()
  }
}

/** Removes values that were completed more than COMPLETED_MS ago and were not stored again since. */
export async function tidyClaims(s3: S3, bucket: string, prefix: string): Promise<void> {
  // In the order of keys, the marker of completion comes right after its value.
  let value = { key: '', storedAt: 0 }
  for await (const { key, storedAt } of listObjects(s3, { Bucket: bucket, Prefix: keyOf(prefix, '') })) {
    if (!key.endsWith(COMPLETED_SUFFIX)) value = { key, storedAt }
    else if (Date.now() - storedAt > COMPLETED_MS) {
      if (key === value.key + COMPLETED_SUFFIX && value.storedAt <= storedAt)
        await removeOlder(s3, { Bucket: bucket, Key: value.key }, storedAt)
      await s3.client.send(new s3.s3.DeleteObjectCommand({ Bucket: bucket, Key: key }), abortAfter(CALL_MS))
    }
  }
}

/**
 * Looks again right before the delete: a page lists up to 1,000 objects, and a value may be stored again meanwhile. S3
 * can't delete by time, only by ETag, and the same value has the same ETag unless a KMS key encrypts it: without
 * versioning, a value stored within the milliseconds between the two calls is lost.
 * docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
 */
async function removeOlder(
  { s3, client }: S3,
  object: { readonly Bucket: string; readonly Key: string },
  timeMs: number,
): Promise<void> {
  try {
    const { ETag, LastModified } = await client.send(new s3.HeadObjectCommand(object), abortAfter(CALL_MS))
    if (ETag === undefined || (LastModified?.getTime() ?? Number.POSITIVE_INFINITY) > timeMs) return
    await client.send(new s3.DeleteObjectCommand({ ...object, IfMatch: ETag }), abortAfter(CALL_MS))
  } catch (error) {
    if (!STAYS.has((error as Error).name)) throw error
  }
}

function keyOf(prefix: string, deadLetterId: string): string {
  return `${prefix === '' ? '' : `${prefix}/`}${claimName(deadLetterId)}`
}
