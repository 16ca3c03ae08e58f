import { type DeadLetter, deadLetterId, recordOf, toDeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { notSent } from '../../lib/delivery/delivery-report.ts'
import { TransportError } from '../../lib/errors.ts'

/** A minute ago, so that no topic's retention is over. One moment for all, so that equal dead letters are equal. */
const FAILED_AT = Date.now() - 60_000

/** The dead letter of a record whose brokers were unreachable. */
export function deadLetterOf(
  id: string,
  value: Uint8Array | string = 'v',
  topic = 'chat',
  failedAt = FAILED_AT,
): DeadLetter {
  const record = { topic, key: Buffer.from('k'), value: Buffer.from(value), headers: [], wireSize: 0 }
  const failed = notSent(
    { topic, value: record.value },
    record,
    new TransportError('unreachable', 'No broker.', { retriable: true }),
    failedAt,
  )
  return toDeadLetter(failed, id, { trigger: 'http', id, index: 0, function: 'http', arn: null, receiveCount: null })
}

/** A dead letter whose record a test has changed, with the id of the changed record. */
export function withOwnId(deadLetter: DeadLetter): DeadLetter {
  const { topic, ...record } = recordOf(deadLetter)
  return { ...deadLetter, deadLetterId: deadLetterId({ ...record, topic: topic ?? '' }, deadLetter.recordId) }
}
