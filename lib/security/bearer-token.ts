// The token for OAUTHBEARER, and the port for its sources.
import type { TransportError } from '../errors.ts'
import { isJsonObject, parseJson } from '../record/json-object.ts'
import type { SaslExtensions } from '../record/sasl-extensions.ts'
import { credentialsUnavailable } from './credentials-unavailable.ts'
import type { SecretFields } from './secret.ts'

export interface BearerToken {
  readonly value: string
  /** Milliseconds since the epoch. Undefined if unknown; then every connection gets a new token. */
  readonly expiresAt: number | undefined
  readonly extensions?: SaslExtensions
}

export interface TokenSource {
  /** What to check if a broker refuses the tokens, for messages. */
  readonly hint: string
  /**
   * Requests a token, without retries.
   * @param secret the fields of KAFKA_SECRET_ARN
   * @throws TransportError; a retriable one is retried by the caller
   */
  request(secret: SecretFields, signal: AbortSignal): Promise<BearerToken>
}

/**
 * The form of a token by RFC 6750, section 2.1. Other characters could end the token early in the message to the
 * broker.
 */
const B64_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/** @throws TransportError if it is not a token; messages don't quote the text */
export function bearerToken(where: string, value: unknown, expiresAt: number | undefined): BearerToken {
  if (typeof value !== 'string' || !B64_TOKEN.test(value)) throw tokenUnavailable(`${where} returned no token`, false)
  return { value, expiresAt: expiresAt ?? expiryOf(value) }
}

/** Returns the claim `exp` of a JWT, ms since the epoch. */
function expiryOf(token: string): number | undefined {
  const claims = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const exp = isJsonObject(claims) ? claims.exp : undefined // An opaque token has no claims.
  return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined
}

export function tokenUnavailable(what: string, retriable: boolean, cause?: unknown): TransportError {
  return credentialsUnavailable(`${what}.`, retriable, cause)
}
