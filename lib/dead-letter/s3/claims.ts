// Values under `claims/` in the prefix of an S3 target, one object each.
import { loadS3 } from '../aws-clients.ts'
import { type Claim, claimName } from '../claim.ts'
import { getObject } from './get-object.ts'
import type { S3TargetConfig } from './target.ts'

/** @returns undefined when the prefix has no such value of this size */
export async function readClaim({ bucket, prefix }: S3TargetConfig, claim: Claim): Promise<Uint8Array | undefined> {
  const s3 = await loadS3()
  const Key = `${prefix === '' ? '' : `${prefix}/`}${claimName(claim.deadLetterId)}`
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
