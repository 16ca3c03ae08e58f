// Stage 9 of 9: fates → HTTP answer. Pure. The status: any record returned → 503; all delivered → 200; all refused →
// their common status, or 422; some refused → 207; else 202.
import type { RecordFate } from '../../../../lib/delivery/record-fate.ts'
import type { InvalidRecordCode } from '../../../../lib/errors.ts'
import type { HttpAnswer, HttpRequest } from '../../../../lib/lambda/http-event.ts'
import { problemAnswer } from '../../problem.ts'
import type { RequestError } from '../../request-error.ts'
import type { AnsweredRecord } from '../dialect.ts'
import { ReasonBudget } from './answer-size.ts'
import { INVALID_RECORD_STATUS } from './invalid-record-status.ts'

const RETRY_AFTER_S = '5'
const IN_DOUBT = 'Records with outcome unknown may have been stored.'

export function toResponse(answered: readonly AnsweredRecord[], request: HttpRequest, requestId: string): HttpAnswer {
  const records = recordsOf(answered, request, requestId)
  const status = statusOf(answered.map(({ fate }) => fate))
  if (status === 503) {
    const returned = answered.filter(({ fate }) => fate.fate === 'returned').length
    const [were, them] = returned === 1 ? ['was', 'it'] : ['were', 'them']
    const isInDoubt = answered.some(({ fate }) => fate.fate === 'returned' && fate.outcome === 'unknown')
    const detail =
      `${returned} of ${records.length} records ${were} not acknowledged; retry ${them}.` +
      (isInDoubt ? ` ${IN_DOUBT}` : '')
    return problemAnswer({
      status,
      code: 'unavailable',
      title: 'Not acknowledged',
      detail,
      requestId,
      headers: { 'retry-after': RETRY_AFTER_S },
      extra: { records },
    })
  }
  if (status >= 400) {
    const codes = new Set(answered.flatMap(({ fate }) => (fate.fate === 'refused' ? [fate.code] : [])))
    const code = codes.size === 1 ? ([...codes][0] as InvalidRecordCode) : 'records-refused'
    return problemAnswer({
      status,
      code,
      title: 'Refused',
      detail: `${records.length} of ${records.length} records refused; nothing was stored.`,
      requestId,
      extra: { records },
    })
  }
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ requestId, records }) }
}

/** Answers with the fates that are known when an unexpected error has ended the request; empty if nothing was sent. */
export function toFailureResponse(
  answered: readonly AnsweredRecord[],
  request: HttpRequest,
  requestId: string,
): HttpAnswer {
  const detail =
    answered.length === 0
      ? 'An unexpected error ended the request before a record was sent; the log has its reason.'
      : `An unexpected error ended the request; the log has its reason. ${IN_DOUBT}`
  return problemAnswer({
    status: 500,
    code: 'unavailable',
    title: 'Internal error',
    detail,
    requestId,
    extra: answered.length === 0 ? {} : { records: recordsOf(answered, request, requestId) },
  })
}

export function toErrorResponse({ status, code, message, headers }: RequestError, requestId: string): HttpAnswer {
  return problemAnswer({ status, code, title: 'Refused', detail: message, requestId, headers })
}

function recordsOf(answered: readonly AnsweredRecord[], request: HttpRequest, requestId: string): object[] {
  const refused = answered.filter(({ fate }) => fate.fate === 'refused').length
  const budget = refused === 0 ? undefined : new ReasonBudget(answered.map(named), refused, request, requestId)
  return answered.map((record, index) => toJson(record, index, budget))
}

function statusOf(fates: readonly RecordFate[]): number {
  const refusals = fates.filter(fate => fate.fate === 'refused')
  if (fates.some(({ fate }) => fate === 'returned')) return 503
  if (fates.every(({ fate }) => fate === 'delivered')) return 200
  if (refusals.length === 0) return 202
  if (refusals.length < fates.length) return 207
  const statuses = new Set(refusals.map(({ code }) => INVALID_RECORD_STATUS[code]))
  return statuses.size === 1 ? ([...statuses][0] as number) : 422
}

function named({ id, fate }: AnsweredRecord) {
  return { id, topic: fate.fate === 'delivered' ? fate.metadata.topic : '' }
}

function toJson(
  { id, fate }: AnsweredRecord,
  index: number,
  budget: ReasonBudget | undefined,
): Record<string, unknown> {
  switch (fate.fate) {
    case 'delivered': {
      const { topic, partition, offset, timestamp } = fate.metadata
      return {
        index,
        id,
        fate: 'delivered',
        topic,
        partition,
        offset: offset === null ? null : Number(offset),
        timestamp,
      }
    }
    case 'refused': {
      const { code } = fate
      const { detail, violations, truncated } = budget ? budget.take(fate) : fate
      const refused = { index, id, fate: 'refused', status: INVALID_RECORD_STATUS[code], code, detail }
      return fate.violations.length === 0 ? refused : { ...refused, violations, truncated }
    }
    case 'dead-lettered': {
      // Without the location: names of buckets, tables and files are not for callers. The log has it.
      const { outcome, code, deadLetterId } = fate
      return { index, id, fate: 'dead-lettered', outcome, code, deadLetterId }
    }
    case 'returned': {
      const { outcome, code } = fate
      return { index, id, fate: 'returned', outcome, code }
    }
  }
}
