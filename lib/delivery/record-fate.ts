// Where a record ended, as it is reported to its source.
import type { DeliveryFailureCode, FailedOutcome, InvalidRecordCode, Violation } from '../errors.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import type { DeliveryReport } from './delivery-report.ts'

export type RecordFate =
  | { readonly fate: 'delivered'; readonly metadata: RecordMetadata }
  | {
      readonly fate: 'dead-lettered'
      readonly outcome: FailedOutcome
      readonly code: InvalidRecordCode | DeliveryFailureCode
      readonly location: string
      readonly deadLetterId: string
    }
  | {
      readonly fate: 'refused'
      readonly code: InvalidRecordCode
      /** What is wrong with the record, without its content. */
      readonly detail: string
      readonly violations: readonly Violation[]
      readonly truncated: boolean
    }
  | {
      readonly fate: 'returned'
      readonly outcome: FailedOutcome
      readonly code: InvalidRecordCode | DeliveryFailureCode
    }

/** The fate of a record without a dead letter: it is in Kafka, or stays with its source. */
export function fateWithoutDeadLetter(report: DeliveryReport): RecordFate {
  return report.kind === 'delivered'
    ? { fate: 'delivered', metadata: report.metadata }
    : { fate: 'returned', outcome: report.outcome, code: report.code }
}
