// Reads an object of S3 up to a size. Anybody who may write to the bucket chose its real size.
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import type { S3 } from '../aws-clients.ts'

const READ_MS = 60_000

export interface StoredObject {
  readonly body: Buffer
  readonly etag: string | undefined
  readonly lastModified: Date | undefined
}

/**
 * @returns undefined for an object that is larger than `maxBytes`: the rest of it is not received
 * @throws the client's error, e.g. `NoSuchKey`
 */
export async function getObject(
  { s3, client }: S3,
  object: { readonly Bucket: string; readonly Key: string },
  maxBytes: number,
): Promise<StoredObject | undefined> {
  const tooLarge = new AbortController()
  const abortSignal = AbortSignal.any([AbortSignal.timeout(READ_MS), tooLarge.signal])
  const output = await client.send(new s3.GetObjectCommand(object), { abortSignal })
  const body = await readBounded(output, maxBytes)
  // The client's wrapper of a body does not pass on that it was left; this closes the connection.
  if (body === undefined) tooLarge.abort()
  return body && { body, etag: output.ETag, lastModified: output.LastModified }
}

async function readBounded({ Body, ContentLength = 0 }: GetObjectCommandOutput, maxBytes: number) {
  if (Body === undefined) return Buffer.alloc(0)
  if (ContentLength > maxBytes) return undefined
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of Body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
