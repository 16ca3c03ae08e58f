import { type ConfigError, TransportError } from '../errors.ts'

/** For what a constructor could not check, as in a bundle: no retry helps, so that no record waits for its deadline. */
export function missingPackages(error: ConfigError): TransportError {
  return new TransportError('authentication', error.problems.join(' '), {
    causeCode: 'CREDENTIALS_UNAVAILABLE',
    retriable: false,
    cause: error,
  })
}
