// Values under `claims/` in the prefix of an S3 target, one object each.
import { abortAfter, loadS3, type S3 } from '../aws-clients.ts'
import { type Claim, COMPLETED_SUFFIX, claimName } from '../claim.ts'
import { COMPLETED_MS } from '../dead-letter-store.ts'
import { getObject } from './get-object.ts'
import type { S3TargetConfig } from './target.ts'

const CALL_MS = 30_000

/** @returns undefined when the prefix has no such value of this size */
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

/** Removes values that were noted as completed more than COMPLETED_MS ago and were not stored again since. */
export async function tidyClaims({ s3, client }: S3, bucket: string, prefix: string): Promise<void> {
  const remove = (Key: string) => client.send(new s3.DeleteObjectCommand({ Bucket: bucket, Key }), abortAfter(CALL_MS))
  // A mark comes right behind its value in the order of the keys.
  let value = { key: '', storedAt: 0 }
  for (let token: string | undefined; ; ) {
    const command = new s3.ListObjectsV2Command({
      Bucket: bucket,
      Prefix: keyOf(prefix, ''),
      ...(token ? { ContinuationToken: token } : {}),
    })
    const page = await client.send(command, abortAfter(CALL_MS))
    for (const { Key: key = '', LastModified } of page.Contents ?? []) {
      const at = LastModified?.getTime() ?? Number.POSITIVE_INFINITY
      if (!key.endsWith(COMPLETED_SUFFIX)) value = { key, storedAt: at }
      else if (Date.now() - at > COMPLETED_MS) {
        if (key === value.key + COMPLETED_SUFFIX && value.storedAt <= at) await remove(value.key)
        await remove(key)
      }
    }
    token = page.NextContinuationToken
    if (token === undefined) return
  }
}

function keyOf(prefix: string, deadLetterId: string): string {
  return `${prefix === '' ? '' : `${prefix}/`}${claimName(deadLetterId)}`
}
