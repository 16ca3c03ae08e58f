// Explains why a connection attempt failed, in messages that name the setting. kafkajs calls certificate errors
// retriable, and reports a protocol mismatch only as "Closed connection".
import { TransportError } from '../../errors.ts'
import type { ConnectionSecurity } from '../connection-security.ts'
import { transportError } from '../error-codes.ts'
import { closedWhileConnecting, isTooManyConnects, protocolMismatch, tooManyConnects } from './refused-connection.ts'

const HOST_NAME = new Set(['ERR_TLS_CERT_ALTNAME_INVALID'])
const VALIDITY = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])
const TRUST = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
  'CERT_UNTRUSTED',
  'CERT_REVOKED',
])
/** OpenSSL's names for the alerts of a broker that refuses the client's certificate, or a missing one. */
const CLIENT_CERTIFICATE =
  /^ERR_SSL_.*ALERT_.*CERTIFICATE|^ERR_SSL_.*ALERT_UNKNOWN_CA|^ERR_SSL_.*ALERT_HANDSHAKE_FAILURE/
const NOT_TLS = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
  'EPROTO',
])

export interface ConnectionFailure {
  readonly error: unknown
  /** The error that the socket emitted. */
  readonly socketError: NodeJS.ErrnoException | undefined
  readonly security: ConnectionSecurity
}

/** Creates the error. It is not retriable if another attempt with the same settings can't succeed. */
export function connectionError({
  error,
  socketError,
  security: { credentials, tls },
}: ConnectionFailure): TransportError {
  if (error instanceof TransportError) return error
  const code = socketError?.code ?? ''
  const certificate = (message: string) => transportError('CERTIFICATE_REFUSED', message, { cause: error })
  if (tls && HOST_NAME.has(code))
    return certificate(
      'The broker’s certificate does not name the host of the connection: expected bootstrap.servers ' +
        '(KAFKA_BOOTSTRAP_SERVERS) and the broker’s advertised.listeners to use a name in it.',
    )
  if (tls && VALIDITY.has(code)) return certificate('The broker’s certificate has expired or is not valid yet.')
  if (tls && TRUST.has(code))
    return certificate(
      'The broker’s certificate is not signed by a trusted authority: expected its CA in ' +
        'ssl.truststore.certificates or ssl.truststore.location (KAFKA_SSL_TRUSTSTORE_…).',
    )
  if (tls && CLIENT_CERTIFICATE.test(code))
    return certificate(
      'The broker refused the client’s certificate, or the lack of one: check ssl.keystore.certificate.chain and ' +
        'ssl.keystore.key (KAFKA_SSL_KEYSTORE_…).',
    )
  if (tls && (NOT_TLS.has(code) || /before secure TLS connection/.test(socketError?.message ?? '')))
    return closedWhileConnecting(error)
  if (credentials) {
    if (isTooManyConnects(error)) return tooManyConnects(error)
    const { name = '', type } = (error ?? {}) as { name?: string; type?: string }
    if (
      type === 'UNSUPPORTED_SASL_MECHANISM' ||
      /is not supported by the server/.test(String((error as Error | undefined)?.message))
    )
      return transportError(
        'AUTHENTICATION_FAILED',
        `The broker does not support ${credentials.name}: check sasl.mechanism (KAFKA_SASL_MECHANISM).`,
        { cause: error },
      )
    // A listener without SASL answers the first request of an authentication with this error.
    if (type === 'ILLEGAL_SASL_STATE') return protocolMismatch(error)
    if (name === 'KafkaJSSASLAuthenticationError' || type === 'SASL_AUTHENTICATION_FAILED')
      return authenticationFailed(credentials, error)
  }
  const cause = firstOf(socketError ?? error)
  const reason = systemCode(cause)
  return transportError('UNREACHABLE', `A broker could not be reached${reason === undefined ? '' : ` (${reason})`}.`, {
    retriable: true,
    cause,
  })
}

/** For a host with several addresses, Node's error has no message; the errors in it say which address failed. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error
}

/** Returns the code of the operating system, of TLS or of DNS, e.g. `ECONNREFUSED`, `ENOTFOUND`. */
function systemCode(error: unknown): string | undefined {
  const code: unknown = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code) ? code : undefined
}

export function authenticationFailed(
  { name, hint }: { readonly name: string; readonly hint: string },
  cause?: unknown,
): TransportError {
  return transportError('AUTHENTICATION_FAILED', `SASL authentication failed for ${name}: check ${hint}.`, {
    cause,
  })
}
