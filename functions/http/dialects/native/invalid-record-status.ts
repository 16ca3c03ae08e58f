// The HTTP status of each reason for which the native dialect refuses a record.
import type { InvalidRecordCode } from '../../../../lib/errors.ts'

export const INVALID_RECORD_STATUS: Readonly<Record<InvalidRecordCode, number>> = {
  'bad-json': 400,
  'not-utf8': 400,
  'unknown-field': 400,
  'repeated-name': 400,
  'duplicate-record': 422,
  'bad-header': 400,
  'bad-partition': 400,
  'bad-timestamp': 400,
  'unknown-topic': 404,
  'record-too-large': 413,
  schema: 422,
  'key-missing': 422,
  'key-type': 422,
  'key-mismatch': 422,
  tombstone: 422,
  'partition-out-of-range': 422,
  'number-out-of-range': 422,
  'reserved-header': 422,
  'header-missing': 422,
  'bad-value': 422,
  'rejected-by-broker': 422,
}
