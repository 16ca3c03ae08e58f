// Maps errors of AWS Glue to the codes of this library. AWS's messages are not passed on, because they may quote a
// schema. Source: docs.aws.amazon.com/glue/latest/webapi/CommonErrors.html and the errors of each operation there.
import { awsErrorCode } from '../../aws-error-code.ts'
import { ConfigError, type DeliveryFailureCode, isInstance, SerializationError } from '../../errors.ts'
import { GlueTimeout } from './glue-client.ts'

const ACCESS = /AccessDenied|Credentials|ExpiredToken|UnrecognizedClient|InvalidClientTokenId|Signature|Authoriz|OptIn/
/** Another producer is registering the same schema; the next attempt finds it. */
const RACE = /^(?:AlreadyExists|ConcurrentModification)Exception$/
const LOAD = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|OperationTimeout|RequestTimeout|TimeoutError/

/** @param action e.g. `glue:GetSchemaVersion`, as IAM has it */
export function glueError(cause: unknown, action: string, place: string, timeoutMs: number): SerializationError {
  if (isInstance(cause, SerializationError)) return cause
  if (isInstance(cause, ConfigError)) return failure('schema-registry', cause.problems.join(' '), { cause })
  if (isInstance(cause, GlueTimeout)) {
    const message = `no answer to ${action} within ${timeoutMs} ms (schema.registry.request.timeout.ms).`
    return failure('schema-registry', message, { cause, retriable: true })
  }
  const name = awsErrorCode(cause)
  const failed = `${action} failed (${name}) for ${place}`
  if (isSkewCorrected(cause) || RACE.test(name) || LOAD.test(name))
    return failure('schema-registry', `${failed}.`, { cause, retriable: true })
  const status = statusOf(cause)
  if (name === 'EntityNotFoundException')
    return failure('schema-not-found', `${failed}: it does not exist. Check registry.name and the subject.`, { cause })
  if (ACCESS.test(name) || status === 401 || status === 403) {
    const advice = `expected AWS credentials with ${action} on the registry and the schema`
    return failure('schema-registry-access', `${failed}: ${advice}.`, { cause })
  }
  if (isWithoutRegion(cause)) {
    const advice = 'expected a region: set AWS_REGION or the setting region (KAFKA_GLUE_REGION)'
    return failure('schema-registry-access', `${failed}: ${advice}.`, { cause })
  }
  if (name === 'ResourceNumberLimitExceededException')
    return failure('schema-registry', `${failed}: a quota of the account is exceeded.`, { cause })
  if (status >= 400 && status < 500) {
    const advice =
      'expected a name and a schema that it accepts, and for a new version a compatibility other than DISABLED'
    return failure('schema-unusable', `${failed}: ${advice}.`, { cause })
  }
  return failure('schema-registry', `${failed}.`, { cause, retriable: true })
}

/** @param options.retriable default: false */
export function failure(
  code: DeliveryFailureCode,
  message: string,
  { retriable = false, cause }: { readonly retriable?: boolean; readonly cause?: unknown } = {},
): SerializationError {
  const causeCode = cause === undefined ? null : awsErrorCode(cause)
  return new SerializationError('delivery-failure', `AWS Glue: ${message}`, { code, retriable, causeCode, cause })
}

/** Returns the HTTP status; 0 without a response. */
function statusOf(error: unknown): number {
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: unknown } }
  return typeof $metadata?.httpStatusCode === 'number' ? $metadata.httpStatusCode : 0
}

/**
 * Whether the SDK has corrected its clock from the response, so that the next request is signed with the right time.
 */
function isSkewCorrected(error: unknown): boolean {
  const { $metadata } = error as { readonly $metadata?: { readonly clockSkewCorrected?: unknown } }
  return $metadata?.clockSkewCorrected === true
}

function isWithoutRegion(error: unknown): boolean {
  return error instanceof Error && error.message === 'Region is missing'
}
