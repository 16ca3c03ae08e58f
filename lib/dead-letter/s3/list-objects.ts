import { abortAfter, type S3 } from '../aws-clients.ts'
import { awsStoreError } from '../aws-error.ts'

const CALL_MS = 30_000

export interface ListedObject {
  readonly key: string
  readonly bytes: number
  /** When it was stored by the clock of S3, ms since the epoch; infinite if S3 does not return it. */
  readonly storedAt: number
}

export interface ObjectPrefix {
  readonly Bucket: string
  readonly Prefix: string
  /** With `/`, objects in folders below the prefix are left out. */
  readonly Delimiter?: '/'
}

/** Lists the objects in the order of their keys, page by page. @throws DeadLetterError */
export async function* listObjects(
  { s3, client }: S3,
  prefix: ObjectPrefix,
  signal?: AbortSignal,
): AsyncGenerator<ListedObject> {
  for (let token: string | undefined; !signal?.aborted; ) {
    const command = new s3.ListObjectsV2Command({ ...prefix, ...(token ? { ContinuationToken: token } : {}) })
    const page = await client.send(command, abortAfter(CALL_MS)).catch((error: unknown) => {
      throw awsStoreError(error, 'S3 bucket')
    })
    for (const { Key: key = '', Size: bytes = 0, LastModified } of page.Contents ?? [])
      yield { key, bytes, storedAt: LastModified?.getTime() ?? Number.POSITIVE_INFINITY }
    token = page.NextContinuationToken
    if (token === undefined) return
  }
}
