// Where a record ended, as its caller is told.
import type { FailedOutcome, Violation } from '../errors.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'

export type RecordFate =
  | { readonly fate: 'delivered'; readonly metadata: RecordMetadata }
  | { readonly fate: 'dead-lettered'; readonly outcome: FailedOutcome; readonly code: string; readonly receipt: string; readonly letterId: string }
  | { readonly fate: 'refused'; readonly status: number; readonly code: string; readonly violations: readonly Violation[]; readonly truncated: boolean }
  | { readonly fate: 'returned'; readonly outcome: FailedOutcome; readonly code: string }
