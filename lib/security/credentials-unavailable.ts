import { type ConfigError, TransportError } from '../errors.ts'

/** Creates the error for credentials that can't be obtained. */
export function credentialsUnavailable(message: string, retriable: boolean, cause?: unknown): TransportError {
  return new TransportError('authentication', message, { causeCode: 'CREDENTIALS_UNAVAILABLE', retriable, cause })
}

/**
 * Converts a missing package that was not found at creation, e.g. in a bundle. It is not retriable, so that no record
 * waits for its deadline.
 */
export function missingPackages(error: ConfigError): TransportError {
  return credentialsUnavailable(error.problems.join(' '), false, error)
}
