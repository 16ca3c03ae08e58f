// A token for OAUTHBEARER, and where one comes from.
import type { TransportError } from '../errors.ts'
import { isJsonObject, parseJson } from '../record/json-object.ts'
import type { SaslExtensions } from '../record/sasl-extensions.ts'
import { credentialsUnavailable } from './credentials-unavailable.ts'
import type { SecretFields } from './secret.ts'

export interface BearerToken {
  readonly value: string
  /** Milliseconds since the epoch. Undefined: not known, so that every connection gets a new token. */
  readonly expiresAt: number | undefined
  readonly extensions?: SaslExtensions
}

export interface TokenSource {
  /** What to check when a broker refuses its tokens, for messages. */
  readonly hint: string
  /**
   * Requests a token, once.
   * @param secret the fields of KAFKA_SECRET_ARN
   * @throws TransportError; a retriable one is retried by the caller
   */
  request(secret: SecretFields, signal: AbortSignal): Promise<BearerToken>
}

/** RFC 6750, section 2.1. Anything else could end the token early in the message to the broker. */
const B64_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/** @throws TransportError if it is not a token; the text is in no message */
export function bearerToken(where: string, value: unknown, expiresAt: number | undefined): BearerToken {
  if (typeof value !== 'string' || !B64_TOKEN.test(value)) throw tokenUnavailable(`${where} returned no token`, false)
  return { value, expiresAt: expiresAt ?? expiryOf(value) }
}

/** The claim `exp` of a JWT, milliseconds. */
function expiryOf(token: string): number | undefined {
  const claims = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const exp = isJsonObject(claims) ? claims.exp : undefined // an opaque token has none
  return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined
}

export function tokenUnavailable(what: string, retriable: boolean, cause?: unknown): TransportError {
  return credentialsUnavailable(`${what}.`, retriable, cause)
}
