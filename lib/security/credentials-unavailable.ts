import { type ConfigError, TransportError } from '../errors.ts'

/** What a connection needs to authenticate can't be had. */
export function credentialsUnavailable(message: string, retriable: boolean, cause?: unknown): TransportError {
  return new TransportError('authentication', message, { causeCode: 'CREDENTIALS_UNAVAILABLE', retriable, cause })
}

/** For what a constructor could not check, as in a bundle: no retry helps, so that no record waits for its deadline. */
export function missingPackages(error: ConfigError): TransportError {
  return credentialsUnavailable(error.problems.join(' '), false, error)
}
