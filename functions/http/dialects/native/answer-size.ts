// Keeps an answer below the limit of its host. An answer that is too large never reaches the caller, who then sends all
// records again.
import { MAX_VIOLATIONS } from '../../../../lib/contracts/violations.ts'
import { ERROR_CODES, type Violation } from '../../../../lib/errors.ts'
import type { HttpRequest } from '../../../../lib/lambda/http-event.ts'
import type { SourceRecord } from '../../../../lib/lambda/source-record.ts'
import { MAX_POINTER } from '../../../../lib/record/json-pointer.ts'
import { RequestError } from '../../request-error.ts'

/**
 * Bytes of the whole result as JSON: Lambda's limit for a synchronous invocation (docs.aws.amazon.com/lambda/latest/dg/
 * gettingstarted-limits.html), the 1 MB of an ALB (docs.aws.amazon.com/elasticloadbalancing/latest/application/
 * lambda-functions.html), and the 6 MB of VPC Lattice (docs.aws.amazon.com/vpc-lattice/latest/ug/
 * lambda-functions.html).
 */
const MAX_RESULT_BYTES: Readonly<Record<HttpRequest['kind'], number>> = {
  'apigw-v1': 6_291_556,
  'apigw-v2': 6_291_556,
  alb: 1_000_000,
  lattice: 6_000_000,
}
const WHOSE_LIMIT: Readonly<Record<HttpRequest['kind'], string>> = {
  'apigw-v1': 'Lambda’s limit',
  'apigw-v2': 'Lambda’s limit',
  alb: 'the limit of a load balancer',
  lattice: 'the limit of VPC Lattice',
}
/** Bytes of status, headers and problem details, without the request's id. */
const BASE_BYTES = 2048
/** Bytes of one character that JSON escapes, after the second escaping (the result is JSON inside JSON). */
const MAX_BYTES_PER_CHARACTER = 7
const MAX_EXPECTED = 64
/** Characters of a record's `detail` at most, and how many of its bytes always fit. */
const MAX_DETAIL = 200
const KEPT_DETAIL_BYTES = 80

const LONGEST_CODE = Object.values(ERROR_CODES)
  .flat()
  .reduce<string>((longest, code) => (code.length > longest.length ? code : longest), '')
/** The longest possible values of an answered record's fields, except index, id and topic. */
const LARGEST = {
  fate: 'dead-lettered',
  outcome: 'not-sent',
  code: LONGEST_CODE,
  deadLetterId: 'x'.repeat(22),
  partition: 2 ** 31,
  offset: Number.MAX_SAFE_INTEGER,
  timestamp: 8.64e15,
  detail: 'x'.repeat(KEPT_DETAIL_BYTES),
  violations: [],
  truncated: true,
}

/** Bytes of a value in the answer, whose JSON body is a string in the JSON of the result. */
function bytesInResult(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(JSON.stringify(value))) - 2
}

/**
 * Checks before anything is sent that the answer fits its host.
 * @throws RequestError `too-many-records`
 */
export function expectAnswerFits(records: readonly SourceRecord[], request: HttpRequest, requestId: string): void {
  const limit = MAX_RESULT_BYTES[request.kind]
  const longest = records.reduce((most, { id, record }) => Math.max(most, id.length, record.topic.length), 0)
  if (records.length * (1000 + 2 * MAX_BYTES_PER_CHARACTER * longest) < limit - BASE_BYTES) return
  const fixed = fixedBytes(
    records.map(({ id, record: { topic } }) => ({ id, topic })),
    requestId,
  )
  if (fixed <= limit) return
  const maxRecords = Math.floor((records.length * (limit - BASE_BYTES)) / fixed)
  throw new RequestError(
    'too-many-records',
    `records: expected at most ${maxRecords} with ids of this length, so that the answer fits ${limit} bytes ` +
      `(${WHOSE_LIMIT[request.kind]}), got ${records.length}.`,
  )
}

interface Named {
  readonly id: string
  readonly topic: string
}

/** The largest size of an answer without its violations. */
function fixedBytes(records: readonly Named[], requestId: string): number {
  return records.reduce(
    (sum, { id, topic }, index) => sum + 1 + bytesInResult({ index, id, topic, ...LARGEST }),
    BASE_BYTES + 2 * bytesInResult(requestId),
  )
}

interface Reasons {
  readonly detail: string
  readonly violations: readonly Violation[]
  readonly truncated: boolean
}

/**
 * Cuts the reasons of refused records so that the answer fits. Each of these records gets the same share of the bytes
 * that the rest of the answer leaves.
 */
export class ReasonBudget {
  readonly #share: number

  /** @param refused how many of the records are refused, at least one */
  constructor(records: readonly Named[], refused: number, { kind }: HttpRequest, requestId: string) {
    const freeBytes = MAX_RESULT_BYTES[kind] - fixedBytes(records, requestId)
    this.#share = KEPT_DETAIL_BYTES + Math.max(0, freeBytes) / refused
  }

  take({ detail, violations, truncated }: Reasons): Reasons {
    const shortDetail = cutToBytes(detail, this.#share)
    let left = this.#share - bytesInResult(shortDetail)
    const shortViolations: Violation[] = []
    for (const { pointer, rule, expected } of violations.slice(0, MAX_VIOLATIONS)) {
      const short = { pointer: cut(pointer, MAX_POINTER), rule, expected: cut(expected, MAX_EXPECTED) }
      left -= bytesInResult(short) + 1
      if (left < 0) break
      shortViolations.push(short)
    }
    return {
      detail: shortDetail,
      violations: shortViolations,
      truncated: truncated || shortViolations.length < violations.length,
    }
  }
}

function cutToBytes(text: string, bytes: number): string {
  let short = cut(text, MAX_DETAIL)
  while (bytesInResult(short) > bytes && short.length > 1) short = cut(short, Math.floor(short.length / 2))
  return short
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1).toWellFormed()}…` : text
}
