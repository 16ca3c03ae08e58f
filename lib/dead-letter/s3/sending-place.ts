import { awsErrorCode } from '../../aws-error-code.ts'
import { abortAfter, type S3 } from '../aws-clients.ts'
import { awsStoreError } from '../aws-error.ts'
import type { SendingPlace } from '../dead-letter-store.ts'
import { getObject } from './get-object.ts'

const CALL_MS = 30_000
/** Larger than any list of ids that a redrive notes, bytes. */
const MAX_BYTES = 4 * 1024 * 1024

/**
 * Keeps the list of dead letters being sent in an object that only the holder of the lease writes. @param load loads
 * the client on first use
 */
export function createSendingPlace(
  load: () => Promise<S3>,
  object: { readonly Bucket: string; readonly Key: string },
): SendingPlace {
  return {
    read: async () => {
      try {
        return String((await getObject(await load(), object, MAX_BYTES)).body ?? '')
      } catch (error) {
        if (awsErrorCode(error) === 'NoSuchKey') return undefined
        throw awsStoreError(error, 'S3 bucket')
      }
    },
    write: async Body => {
      const { s3, client } = await load()
      const command = new s3.PutObjectCommand({ ...object, Body, ContentType: 'application/json' })
      await client.send(command, abortAfter(CALL_MS)).catch(failed)
    },
    remove: async () => {
      const { s3, client } = await load()
      await client.send(new s3.DeleteObjectCommand(object), abortAfter(CALL_MS)).catch(failed)
    },
  }
}

function failed(error: unknown): never {
  throw awsStoreError(error, 'S3 bucket')
}
