// Reads an S3 object up to a maximum size, because anybody who may write to the bucket can make it larger.
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import type { S3 } from '../aws-clients.ts'
import { dateOf } from '../aws-error.ts'

const READ_MS = 60_000

export interface StoredObject {
  /** Undefined for an object that is larger than `maxBytes`: the rest of it was not downloaded. */
  readonly body: Buffer | undefined
  readonly etag: string | undefined
  /** The object's age by the clock of S3, ms. */
  readonly ageMs: number
}

/** @throws the client's error, e.g. `NoSuchKey` */
export async function getObject(
  { s3, client }: S3,
  object: { readonly Bucket: string; readonly Key: string },
  maxBytes: number,
): Promise<StoredObject> {
  const tooLarge = new AbortController()
  const abortSignal = AbortSignal.any([AbortSignal.timeout(READ_MS), tooLarge.signal])
  const command = new s3.GetObjectCommand(object)
  // The age uses the time of S3's response, because the machine's clock may be wrong.
  let answeredAt = Date.now()
  command.middlewareStack.add(
    next => async args => {
      const result = await next(args)
      answeredAt = dateOf(result.response) ?? answeredAt
      return result
    },
    { step: 'deserialize' },
  )
  const output = await client.send(command, { abortSignal })
  const body = await readBounded(output, maxBytes)
  // Closes the connection: the SDK's wrapper of the body does not do so if the reader stops early.
  if (body === undefined) tooLarge.abort()
  return { body, etag: output.ETag, ageMs: answeredAt - (output.LastModified?.getTime() ?? 0) }
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
