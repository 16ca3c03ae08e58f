// The value of a dead letter that was too large for its target, from where it was left, checked against the dead letter's own sum.
import { createHash } from 'node:crypto'
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { readClaim } from '../dead-letter/store-kinds.ts'
import { DeadLetterError } from '../errors.ts'

/**
 * The dead letter with its value.
 * @throws DeadLetterError `claim-missing` when it can't be read, or is not what the dead letter says
 */
export async function withClaim(deadLetter: DeadLetter): Promise<DeadLetter> {
  const { claimCheck, deadLetterId } = deadLetter
  if (claimCheck === null) return deadLetter
  // A dead letter may come from anywhere; only what a target has left for it is read.
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
