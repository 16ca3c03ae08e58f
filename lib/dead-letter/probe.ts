// The dead letter that the doctor writes, because only a write shows that a target accepts dead letters.
import { randomUUID } from 'node:crypto'
import { notSent } from '../delivery/delivery-report.ts'
import { InvalidRecordError } from '../errors.ts'
import { toBase64 } from '../record/base64.ts'
import { type DeadLetter, toDeadLetter } from './dead-letter.ts'

const DOCTOR = 'doctor'

/** A dead letter of an invalid record without a topic, so that no redrive ever sends its record. */
export function createProbe(): DeadLetter {
  const error = new InvalidRecordError('unknown-topic', 'A test dead letter, written by the doctor.')
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

/** Whether it is the doctor's dead letter and contains no data that could be lost. */
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
