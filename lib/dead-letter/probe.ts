// The doctor's own dead letter: only writing one shows that a target takes dead letters.
import { randomUUID } from 'node:crypto'
import { notSent } from '../delivery/delivery-report.ts'
import { InvalidRecordError } from '../errors.ts'
import { toBase64 } from '../record/base64.ts'
import { type DeadLetter, toDeadLetter } from './dead-letter.ts'

const DOCTOR = 'doctor'

/** A dead letter of an invalid record without a topic: whatever meets it, its record is never sent. */
export function createProbe(): DeadLetter {
  const error = new InvalidRecordError('unknown-topic', 'The doctor’s own dead letter.')
  const id = `${DOCTOR}-${randomUUID()}`
  return toDeadLetter(notSent({ topic: '', value: DOCTOR }, undefined, error, Date.now()), id, {
    trigger: 'template',
    id,
    index: 0,
    function: DOCTOR,
    arn: null,
    receiveCount: null,
  })
}

/** Whether it is a doctor's dead letter, with nothing in it that anybody could miss. */
export function isProbe({ source, record, claimCheck }: DeadLetter): boolean {
  return (
    source.function === DOCTOR &&
    source.id.startsWith(`${DOCTOR}-`) &&
    record.topic === null &&
    record.key === null &&
    record.headers.length === 0 &&
    record.value === toBase64(Buffer.from(DOCTOR)) &&
    claimCheck === null
  )
}
