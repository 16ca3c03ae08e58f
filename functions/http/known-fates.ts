// What is known about the records of a request that an unexpected error has ended: a defect, or an error of foreign
// code.
import type { DeliveryReport, Failed } from '../../lib/delivery/delivery-report.ts'
import { fateWithoutDeadLetter, type RecordFate } from '../../lib/delivery/record-fate.ts'
import { InvalidRecordError } from '../../lib/errors.ts'
import type { SourceRecord } from '../../lib/lambda/source-record.ts'
import type { AnsweredRecord } from './dialects/dialect.ts'

/** How far a request has come. Each stage adds what it knows. */
export interface Progress {
  /** Set before the first record is sent. */
  sourceRecords?: readonly SourceRecord[]
  /** Set before the first dead letter is published. */
  reports?: readonly DeliveryReport[]
  /** Set when every record has its fate. */
  answered?: readonly AnsweredRecord[]
  /** Whether the log has a line with the fates. */
  isLogged?: boolean
}

/** The record may have been sent, or stored as a dead letter, when the error came. */
const IN_DOUBT: RecordFate = { fate: 'returned', outcome: 'unknown', code: 'delivery-unknown' }

/**
 * Returns the records with their fates as far as these are known. The others count as returned with outcome `unknown`.
 * @param shouldDeadLetter whether a dead letter of the record may have been stored
 * @returns empty if no record was sent
 */
export function knownFates(
  { sourceRecords = [], reports, answered }: Progress,
  shouldDeadLetter: (failed: Failed) => boolean,
): readonly AnsweredRecord[] {
  if (answered) return answered
  return sourceRecords.map(({ id, error }, index) => {
    if (error) return { id, fate: refusal(error) }
    const report = reports?.[index]
    const isKnown = report && (report.kind === 'delivered' || !shouldDeadLetter(report))
    return { id, fate: isKnown ? fateOf(report) : IN_DOUBT }
  })
}

/** The fate of a record without a dead letter. An invalid record is refused: its caller still has it. */
export function fateOf(report: DeliveryReport): RecordFate {
  if (report.kind === 'delivered' || !(report.error instanceof InvalidRecordError)) return fateWithoutDeadLetter(report)
  return refusal(report.error)
}

function refusal({ code, message: detail, violations, truncated }: InvalidRecordError): RecordFate {
  return { fate: 'refused', code, detail, violations, truncated }
}
