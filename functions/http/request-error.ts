// The error for a request that is refused as a whole: none of its records is sent or stored.
import { KafkaProducerError, type RequestCode } from '../../lib/errors.ts'

export const REQUEST_STATUS: Readonly<Record<RequestCode, number>> = {
  'bad-json': 400,
  'not-utf8': 400,
  'unknown-field': 400,
  'repeated-name': 400,
  'bad-header': 400,
  'unknown-topic': 404,
  method: 405,
  'request-timeout': 408,
  'body-too-large': 413,
  'too-many-records': 413,
  'media-type': 415,
  empty: 422,
  'records-refused': 422,
  'too-many-requests': 429,
}

export class RequestError extends KafkaProducerError {
  override name = 'RequestError'
  declare readonly code: RequestCode
  readonly status: number
  /** Additional headers of the answer, e.g. `Allow`. */
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: RequestCode,
    message: string,
    { headers = {} }: { readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(code, message)
    this.status = REQUEST_STATUS[code]
    this.headers = headers
  }
}
