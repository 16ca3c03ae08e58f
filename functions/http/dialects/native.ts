// The project's own HTTP dialect: POST /topics/{topic} with one record, or a list of records.
import type { Dialect } from './dialect.ts'
import { expectAnswerFits } from './native/answer-size.ts'
import { toRecords } from './native/to-records.ts'
import { toErrorResponse, toFailureResponse, toResponse } from './native/to-response.ts'

export const native: Dialect = {
  routes: [{ method: 'POST', path: '/topics/{topic}' }],
  parse: (request, { parameters, requestId }, contracts) => {
    const records = toRecords(request, parameters.topic ?? '', requestId, contracts)
    expectAnswerFits(records, request, requestId)
    return records
  },
  respond: toResponse,
  respondToError: toErrorResponse,
  respondToFailure: toFailureResponse,
}
