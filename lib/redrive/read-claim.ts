// Reads the value of a dead letter from its claim check. The dead letter is untrusted, so its location of the value is
// not used: only targets that the caller names are read.
import { createHash } from 'node:crypto'
import { type DeadLetter, MAX_VALUE_BYTES } from '../dead-letter/dead-letter.ts'
import { hasOwnId } from '../dead-letter/read-dead-letter.ts'
import { type RedriveSource, readClaim } from '../dead-letter/store-kinds.ts'
import { DeadLetterError } from '../errors.ts'

/** The form of an id, which is also the name of a value in a folder or bucket. */
const ID = /^[A-Za-z0-9_-]{22}$/

/** @param targets the targets that may keep the values: those configured and those in the request */
export function claimReader(targets: readonly RedriveSource[]): (deadLetter: DeadLetter) => Promise<DeadLetter> {
  return deadLetter => withValue(deadLetter, targets)
}

/**
 * Returns the dead letter with its value, after checking the value's size and hash and the dead letter's id.
 * @param targets the targets that may keep the value; no other place is read
 * @throws DeadLetterError `claim-missing` if none of them has the value; retriable if one can't be read
 */
export async function withValue(deadLetter: DeadLetter, targets: readonly RedriveSource[]): Promise<DeadLetter> {
  const { claimCheck, deadLetterId } = deadLetter
  if (claimCheck === null) return deadLetter
  const { target, bytes, sha256 } = claimCheck
  if (!ID.test(deadLetterId) || !target.endsWith(`claims/${deadLetterId}`) || bytes > MAX_VALUE_BYTES) throw missing()
  const value = await readClaim(targets, target, { deadLetterId, bytes }).catch(cause => {
    throw missing({ cause, retriable: true })
  })
  if (value?.length !== bytes || createHash('sha256').update(value).digest('hex') !== sha256) throw missing()
  const record = { ...deadLetter.record, value: Buffer.from(value).toString('base64') }
  const whole = { ...deadLetter, record, claimCheck: null }
  if (!hasOwnId(whole)) throw missing()
  return whole
}

function missing(options?: { readonly cause: unknown; readonly retriable: boolean }): DeadLetterError {
  return new DeadLetterError(
    'claim-missing',
    'A dead letter’s value is missing in the targets that may keep it, or does not match.',
    options,
  )
}
