// One way of speaking HTTP: what differs between dialects. Validation, sending and dead letters do not.
import type { Contracts } from '../../../lib/contracts/contract.ts'
import type { RecordFate } from '../../../lib/delivery/record-fate.ts'
import type { HttpAnswer, HttpRequest } from '../../../lib/lambda/http-event.ts'
import type { SourceRecord } from '../../../lib/lambda/source-record.ts'
import type { RequestError } from '../request-error.ts'

export interface Route {
  readonly method: 'GET' | 'POST'
  /** As API Gateway writes it; a parameter is one part of the path. */
  readonly path: string
}

interface Match {
  readonly route: Route
  /** The parameters of the path, without escapes: no name of a topic needs one. */
  readonly parameters: Readonly<Record<string, string>>
  /** The request's id, which the caller learns. */
  readonly requestId: string
}

export interface AnsweredRecord {
  readonly id: string
  readonly fate: RecordFate
}

export interface Dialect {
  readonly routes: readonly Route[]
  /**
   * The records of a request; an invalid one has its own error.
   * @throws RequestError when the request is refused as a whole, also when its answer would be too large for its host
   */
  parse(request: HttpRequest, match: Match, contracts: Contracts): readonly SourceRecord[]
  respond(answered: readonly AnsweredRecord[], request: HttpRequest, requestId: string): HttpAnswer
  respondToError(error: RequestError, requestId: string): HttpAnswer
}
