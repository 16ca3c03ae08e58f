// Converts errors of AWS services to errors of a dead-letter store.
import { awsErrorCode } from '../aws-error-code.ts'
import { DeadLetterError } from '../errors.ts'

/** Error names that mean the bucket, table or queue itself is missing. */
const NOT_FOUND: ReadonlySet<string> = new Set(['NoSuchBucket', 'ResourceNotFoundException'])

/** @param place e.g. `S3 bucket` */
export function awsStoreError(cause: unknown, place: string): DeadLetterError {
  if (cause instanceof DeadLetterError) return cause
  const code = awsErrorCode(cause)
  if (NOT_FOUND.has(code)) return new DeadLetterError('not-found', `The ${place} does not exist (${code}).`, { cause })
  return new DeadLetterError('dead-letter', `A request to the ${place} failed (${code}).`, { retriable: true, cause })
}

/**
 * Returns the time of the service from the header `date`, ms since the epoch; undefined without one. @param response
 * that of the HTTP client
 */
export function dateOf(response: unknown): number | undefined {
  const { headers } = response as { readonly headers?: Readonly<Record<string, string>> }
  const date = Date.parse(headers?.date ?? '')
  return Number.isNaN(date) ? undefined : date
}
