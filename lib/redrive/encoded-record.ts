// Validates and encodes the record of a dead letter by the contract of its topic, which may ask a schema registry.
import type { ProducerConfig } from '../config/settings.ts'
import type { Contract, Contracts } from '../contracts/contract.ts'
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { InvalidRecordError, TransportError } from '../errors.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import { RecordSerializer } from '../serialize/record-serializer.ts'
import { systemClock } from '../time/clock.ts'
import { patientTimer } from '../time/patient-timer.ts'
import { validateRecord } from '../validate/record-validator.ts'
import { isSentAsItIs } from '../validate/source-form.ts'
import type { EncodingFailures } from './encoding-failures.ts'

/** How long the schema registry may take for one record, ms. It is asked once per schema. */
const ENCODE_MS = 10_000

export interface EncodingOptions {
  /** The settings of the schema registry, for contracts that need one. */
  readonly config?: ProducerConfig | undefined
  readonly signal?: AbortSignal | undefined
  /** The failures of schema registries in this run. */
  readonly failures?: EncodingFailures | undefined
}

/** Whether a dead letter holds serialized bytes. A contract can't check them if its formats change the bytes. */
export function isEncoded({ record, failure }: DeadLetter): boolean {
  return record.encoding !== 'source' && (failure.kind === 'delivery-failure' || failure.attempts > 0)
}

/** Whether the contract can check the record: it was never serialized, or serializing did not change its bytes. */
export function canBeChecked(deadLetter: DeadLetter, contract: Contract): boolean {
  return !isEncoded(deadLetter) || isSentAsItIs(contract)
}

/**
 * Returns the record with the bytes for Kafka.
 * @throws InvalidRecordError if it breaks its contract or its topic has none; DeliveryError `serializer` if its
 * registry does not answer
 */
export async function encodedRecord(
  record: ProducerRecord,
  contracts: Contracts | undefined,
  { config, signal, failures }: EncodingOptions = {},
): Promise<ProducerRecord> {
  if (!contracts) throw new InvalidRecordError('unknown-topic', 'The record is not serialized yet: expected contracts.')
  const valid = validateRecord(record, { contracts })
  failures?.check(record.topic)
  // No size limit here, because the sender checks the size.
  const serializer = new RecordSerializer(Number.POSITIVE_INFINITY, { config })
  const ended = new AbortController()
  const late = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal
  try {
    const work = Promise.resolve(serializer.serialize(valid, () => late))
    const { origin: _origin, ...rest } = record
    const { key, value, headers } = await inTime(work, ended)
    return { ...rest, key, value, headers }
  } catch (error) {
    failures?.note(record.topic, error)
    throw error
  } finally {
    // Aborts work that is still running.
    ended.abort(tooLate('The encoding ended.'))
  }
}

/** After the time limit, the aborted work may report a more precise reason, e.g. that its registry is down. */
function inTime<T>(work: Promise<T>, controller: AbortController): Promise<T> {
  return new Promise((resolve, reject) => {
    const error = tooLate(`The record was not encoded within ${ENCODE_MS} ms.`)
    const cancel = patientTimer(systemClock, ENCODE_MS, () => {
      controller.abort(error)
      setImmediate(reject, error)
    })
    work.finally(cancel).then(resolve, reject)
  })
}

function tooLate(message: string): TransportError {
  return new TransportError('deadline', message, { causeCode: 'DEADLINE', retriable: true })
}
