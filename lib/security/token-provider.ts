// Gets tokens from a function of the caller.
import { readSaslExtensions } from '../record/sasl-extensions.ts'
import { type BearerToken, bearerToken, tokenUnavailable } from './bearer-token.ts'

/** What an `OAuthBearerTokenProvider` returns. */
export interface OAuthBearerToken {
  readonly value: string
  /** SASL extensions (RFC 7628); they override those of `sasl.oauthbearer.extensions`. */
  readonly extensions?: Readonly<Record<string, string>>
  /**
   * A date, or milliseconds since the epoch. The token is replaced before it. Default: the claim `exp` of a JWT; else
   * every connection gets a new token.
   */
  readonly expiresAt?: Date | number
}

/**
 * Gets a token for `sasl.mechanism` OAUTHBEARER (Java: `sasl.login.callback.handler.class`). It is called once for all
 * connections, before the previous token expires and after a broker refused it. If it throws, connections fail with the
 * code `authentication`, and the next one calls it again.
 * @param context `signal` is aborted after 5 s
 */
export type OAuthBearerTokenProvider = (context: {
  readonly signal: AbortSignal
}) => OAuthBearerToken | Promise<OAuthBearerToken>

/**
 * A time before this one (in 1973) must have been given in seconds instead of milliseconds, and is refused: otherwise
 * every connection would request a new token.
 */
const FIRST_MS = 100_000_000_000

const WHERE = 'oauthBearerTokenProvider (KAFKA_OAUTH_BEARER_TOKEN_PROVIDER)'

/** @throws TransportError */
export async function callTokenProvider(provider: OAuthBearerTokenProvider, signal: AbortSignal): Promise<BearerToken> {
  const aborted = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => aborted.reject(signal.reason))
  const called = Promise.resolve({ signal }).then(provider).then(fieldsOf)
  const { value, expiresAt, extensions } = await Promise.race([called, aborted.promise]).catch(cause => {
    // The error's message is dropped, because it may quote a secret.
    throw tokenUnavailable(`${WHERE} failed (${cause instanceof Error ? cause.name : typeof cause})`, true)
  })
  const readExtensions = readSaslExtensions(extensions)
  if (readExtensions === undefined)
    throw tokenUnavailable(`${WHERE}: expected extensions as RFC 7628 allows them, got others`, false)
  const endsAt = expiresAt == null ? undefined : expiresAt instanceof Date ? expiresAt.getTime() : expiresAt
  if (endsAt !== undefined && !(typeof endsAt === 'number' && endsAt >= FIRST_MS))
    throw tokenUnavailable(`${WHERE}: expected a date, or milliseconds since 1970, as expiresAt`, false)
  return { ...bearerToken(WHERE, value, endsAt), extensions: readExtensions }
}

/** Reads each field once, because getters may throw. */
function fieldsOf(token: OAuthBearerToken | null | undefined) {
  const { value, expiresAt, extensions = {} } = token ?? {}
  return { value, expiresAt, extensions }
}
