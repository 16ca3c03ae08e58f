// Validates and encodes the record of a dead letter by the contract of its topic, which may ask a schema registry.
import type { ProducerConfig } from '../config/settings.ts'
import type { Contract, Contracts } from '../contracts/contract.ts'
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { InvalidRecordError, TransportError } from '../errors.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import { RecordSerializer } from '../serialize/record-serializer.ts'
import { systemClock } from '../time/clock.ts'
import { withTimeout } from '../time/patient-timer.ts'
import { validateRecord } from '../validate/record-validator.ts'
import { isSentAsItIs } from '../validate/source-form.ts'

/** For the registry of one record; it is asked once per schema. */
const ENCODE_MS = 10_000

export interface EncodingOptions {
  /** Where the schema registry is, for contracts that need one. */
  readonly config?: ProducerConfig | undefined
  readonly signal?: AbortSignal | undefined
}

/** Whether a dead letter has the bytes for Kafka, which no contract can check if its formats change them. */
export function isEncoded({ record, failure }: DeadLetter): boolean {
  return record.encoding !== 'source' && (failure.kind === 'delivery-failure' || failure.attempts > 0)
}

/** Whether the contract can check the record: it was never encoded, or its bytes are those of its source. */
export function canBeChecked(deadLetter: DeadLetter, contract: Contract): boolean {
  return !isEncoded(deadLetter) || isSentAsItIs(contract)
}

/**
 * Returns the record with the bytes for Kafka.
 * @throws InvalidRecordError when it breaks its contract or its topic has none · DeliveryError `serializer` when its
 * registry does not answer
 */
export async function encodedRecord(
  record: ProducerRecord,
  contracts: Contracts | undefined,
  { config, signal }: EncodingOptions = {},
): Promise<ProducerRecord> {
  if (!contracts)
    throw new InvalidRecordError('unknown-topic', 'The record was never encoded: expected contracts that do it.')
  // The sender checks the size.
  const serializer = new RecordSerializer(Number.POSITIVE_INFINITY, { config })
  const { signal: late, end } = endsWith(signal)
  try {
    const work = Promise.resolve(serializer.serialize(validateRecord(record, { contracts }), () => late))
    const { origin: _origin, ...rest } = record
    const { key, value, headers } = await withTimeout(systemClock, ENCODE_MS, work, () =>
      tooLate(`The record was not encoded within ${ENCODE_MS} ms.`),
    )
    return { ...rest, key, value, headers }
  } finally {
    end()
  }
}

/** A signal that is aborted at the end of the work, too: what still runs then is for nothing. */
function endsWith(signal: AbortSignal | undefined): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController()
  const signals = signal ? [signal, controller.signal] : [controller.signal]
  return { signal: AbortSignal.any(signals), end: () => controller.abort(tooLate('The encoding ended.')) }
}

function tooLate(message: string): TransportError {
  return new TransportError('deadline', message, { causeCode: 'DEADLINE', retriable: true })
}
