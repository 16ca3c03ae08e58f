// The record that a redrive sends for a dead letter.
import { type DeadLetter, recordOf } from '../dead-letter/dead-letter.ts'
import { hasOwnId } from '../dead-letter/read-dead-letter.ts'
import { DeadLetterError } from '../errors.ts'
import type { ProducerRecord, RecordHeader } from '../record/producer-record.ts'
import { RECORD_ID_HEADER } from '../record/record-id.ts'
import { validateRecord } from '../validate/record-validator.ts'
import type { Candidate } from './candidate.ts'
import { checkedOrigin, originOf } from './dead-letter-origin.ts'
import { canBeChecked, encodedRecord, isEncoded } from './encoded-record.ts'
import type { EncodingFailures } from './encoding-failures.ts'
import type { RedriveOptions } from './redrive-options.ts'
import { timeOf, withTopic } from './retried-dead-letter.ts'

/**
 * @throws KafkaProducerError if the record can't be sent: its claim is missing, it breaks its contract, or its schema
 * registry does not answer
 */
export async function redrivenRecord(
  candidate: Candidate,
  options: RedriveOptions,
  failures: EncodingFailures,
): Promise<ProducerRecord> {
  const { contracts, timestamp = 'original', to, signal } = options
  const encoding = { config: options.producer.config, signal, failures }
  const deadLetter = await withValue(candidate, options)
  const { key, value, headers, partition } = recordOf(deadLetter)
  const { topic } = candidate
  const record = {
    topic,
    key,
    value,
    headers: withRecordId(headers, deadLetter),
    sourceId: deadLetter.recordId,
    ...(timestamp === 'now' ? {} : { timestamp: timeOf(deadLetter) }),
    ...(partition === null || to !== undefined ? {} : { partition }),
  }
  const contract = contracts?.get(topic)
  if (deadLetter.record.encoding === 'source') {
    const origin = contract && checkedOrigin(deadLetter, contract)
    return encodedRecord({ ...record, ...(origin ? { origin } : {}) }, contracts, encoding)
  }
  if (deadLetter.failure.kind !== 'invalid-record' || !contracts) return record
  if (contract && !canBeChecked(deadLetter, contract)) return record
  const checked = contract ? { ...record, origin: originOf(deadLetter, contract) } : record
  return isEncoded(deadLetter)
    ? { ...record, key: validateRecord(checked, { contracts }).key as ProducerRecord['key'] & {} }
    : encodedRecord(checked, contracts, encoding)
}

async function withValue({ open, topic }: Candidate, { readClaim }: RedriveOptions): Promise<DeadLetter> {
  const { deadLetter } = open
  if (deadLetter.claimCheck === null) return withTopic(deadLetter, topic)
  const whole = await readClaim?.(deadLetter)
  if (!whole || !hasOwnId(whole))
    throw new DeadLetterError('claim-missing', 'The value of the claim check is missing or does not match.')
  return withTopic(whole, topic)
}

/**
 * Sets the header `kp-id` of records from functions to the id in the dead letter, which is verified. Records from code
 * keep their headers, because they may be in the log with another id or without one.
 */
function withRecordId(headers: readonly RecordHeader[], { recordId, source }: DeadLetter): readonly RecordHeader[] {
  if (source.trigger === 'template') return headers
  const id: RecordHeader = [RECORD_ID_HEADER, Buffer.from(recordId)]
  const at = headers.findIndex(([name]) => name === RECORD_ID_HEADER)
  const others = headers.filter(([name]) => name !== RECORD_ID_HEADER)
  if (at < 0) return [id, ...others]
  return [...others.slice(0, at), id, ...others.slice(at)]
}
