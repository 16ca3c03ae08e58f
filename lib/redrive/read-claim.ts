// Reads the value of a dead letter from its claim check, and compares it with the hash in the dead letter.
import { createHash } from 'node:crypto'
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { readClaim } from '../dead-letter/store-kinds.ts'
import { DeadLetterError } from '../errors.ts'

/**
 * Returns the dead letter with its value.
 * @throws DeadLetterError `claim-missing` when the value can't be read or has another hash
 */
export async function withClaim(deadLetter: DeadLetter): Promise<DeadLetter> {
  const { claimCheck, deadLetterId } = deadLetter
  if (claimCheck === null) return deadLetter
  // A dead letter may come from anywhere, so only a claim that belongs to its id is read.
  if (!claimCheck.target.endsWith(`claims/${deadLetterId}`)) throw missing()
  const value = await readClaim(claimCheck.target, deadLetterId).catch(cause => {
    throw missing(cause)
  })
  if (value.length !== claimCheck.bytes || createHash('sha256').update(value).digest('hex') !== claimCheck.sha256)
    throw missing()
  return {
    ...deadLetter,
    record: { ...deadLetter.record, value: Buffer.from(value).toString('base64') },
    claimCheck: null,
  }
}

function missing(cause?: unknown): DeadLetterError {
  return new DeadLetterError(
    'claim-missing',
    'A dead letter’s value is not where its claim check says, or is another.',
    { cause },
  )
}
