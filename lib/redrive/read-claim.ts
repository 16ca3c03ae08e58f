// The value of a dead letter that was too large for its target, from where it was left, checked against the dead letter's own sum.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { abortAfter, loadS3 } from '../dead-letter/aws-clients.ts'
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { SqliteDeadLetterTarget } from '../dead-letter/sqlite/target.ts'
import { DeadLetterError } from '../errors.ts'

const CALL_MS = 30_000

/**
 * The dead letter with its value.
 * @throws DeadLetterError `claim-missing` when it can't be read, or is not what the dead letter says
 */
export async function withClaim(deadLetter: DeadLetter): Promise<DeadLetter> {
  const { claimCheck, deadLetterId } = deadLetter
  if (claimCheck === null) return deadLetter
  // A dead letter may come from anywhere; only what a target has left for it is read.
  if (!claimCheck.target.endsWith(`claims/${deadLetterId}`)) throw missing()
  const value = await read(claimCheck.target, deadLetterId).catch(cause => {
    throw missing(cause)
  })
  if (value.length !== claimCheck.bytes || createHash('sha256').update(value).digest('hex') !== claimCheck.sha256)
    throw missing()
  return { ...deadLetter, record: { ...deadLetter.record, value: value.toString('base64') }, claimCheck: null }
}

async function read(target: string, deadLetterId: string): Promise<Buffer> {
  const object = /^s3:\/\/([^/]+)\/(.+)$/.exec(target)
  if (object) return readObject(object[1] as string, object[2] as string)
  if (target.startsWith('disk:')) return readFile(target.slice('disk:'.length))
  const file = /^sqlite:(.+)#claims\/[^/]+$/.exec(target)?.[1]
  if (file === undefined) throw missing()
  return readRow(file, deadLetterId)
}

async function readObject(bucket: string, key: string): Promise<Buffer> {
  const { s3, client } = await loadS3()
  try {
    const { Body } = await client.send(new s3.GetObjectCommand({ Bucket: bucket, Key: key }), abortAfter(CALL_MS))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  } finally {
    client.destroy()
  }
}

async function readRow(file: string, deadLetterId: string): Promise<Buffer> {
  const database = new SqliteDeadLetterTarget(file)
  try {
    const row = (await database.open()).prepare('SELECT value FROM claims WHERE letter_id = ?').get(deadLetterId)
    if (!row) throw missing()
    return Buffer.from(row.value as Uint8Array)
  } finally {
    await database.close()
  }
}

function missing(cause?: unknown): DeadLetterError {
  return new DeadLetterError(
    'claim-missing',
    'A dead letter’s value is not where its claim check says, or is another.',
    { cause },
  )
}
