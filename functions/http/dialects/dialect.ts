// The port of an HTTP dialect: how requests become records, and reports become answers. Validation, sending and dead
// letters are the same for all dialects.
import type { Contracts } from '../../../lib/contracts/contract.ts'
import type { RecordFate } from '../../../lib/delivery/record-fate.ts'
import type { HttpAnswer, HttpRequest } from '../../../lib/lambda/http-event.ts'
import type { SourceRecord } from '../../../lib/lambda/source-record.ts'
import type { RequestError } from '../request-error.ts'

export interface Route {
  readonly method: 'GET' | 'POST'
  /** The path in API Gateway's syntax. A parameter is one segment of the path. */
  readonly path: string
}

interface Match {
  readonly route: Route
  /** The parameters of the path, not percent-decoded: no topic name needs an escape. */
  readonly parameters: Readonly<Record<string, string>>
  /** The request's id, which the answer contains. */
  readonly requestId: string
}

export interface AnsweredRecord {
  readonly id: string
  readonly fate: RecordFate
}

export interface Dialect {
  readonly routes: readonly Route[]
  /**
   * Returns the records of a request; an invalid record carries its error.
   * @throws RequestError if the request is refused as a whole, also if its answer would be too large for its host
   */
  parse(request: HttpRequest, match: Match, contracts: Contracts): readonly SourceRecord[]
  respond(answered: readonly AnsweredRecord[], request: HttpRequest, requestId: string): HttpAnswer
  respondToError(error: RequestError, requestId: string): HttpAnswer
  /**
   * Answers a request that an unexpected error has ended.
   * @param answered the records and what is known of them; empty if none was sent
   */
  respondToFailure(answered: readonly AnsweredRecord[], request: HttpRequest, requestId: string): HttpAnswer
}
