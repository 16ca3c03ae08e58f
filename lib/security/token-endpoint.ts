// Requests tokens from a token endpoint. Grants: client credentials (RFC 6749, section 4.4), with a client secret or an
// assertion (RFC 7523, section 2.2; KIP-1258), and jwt-bearer (RFC 7523, section 2.1; KIP-1139).
import { isJsonObject, parseJson } from '../record/json-object.ts'
import { type BearerToken, bearerToken, tokenUnavailable } from './bearer-token.ts'

export interface TokenRequest {
  readonly url: string
  readonly grant: 'client-credentials' | 'jwt-bearer'
  readonly scope: string | undefined
  readonly clientId: string | undefined
  /** Sent if there is no assertion. */
  readonly clientSecret: string | undefined
  /** A signed JWT that authenticates the client. */
  readonly assertion: string | undefined
  /** The names of the client's settings, for messages. Default: those of `sasl.oauthbearer` */
  readonly settings?: EndpointSettings
}

interface EndpointSettings {
  readonly url: string
  /** What to check if the endpoint refuses the client. */
  readonly advice: string
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const CLIENT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
/** The largest response, bytes; tokens that list a user's groups take some ten KiB. */
const MAX_ANSWER_BYTES = 256 * 1024
/**
 * The error codes of RFC 6749, section 5.2. Any other text of a response is not quoted, because it may contain secrets.
 */
const ERRORS = /^(invalid_(request|client|grant|scope)|unauthorized_client|unsupported_grant_type)$/
const SASL: EndpointSettings = {
  url: 'sasl.oauthbearer.token.endpoint.url',
  advice:
    'sasl.oauthbearer.client.credentials.client.id and .client.secret (KAFKA_SASL_OAUTHBEARER_CLIENT_CREDENTIALS_…)',
}

/** @throws TransportError */
export async function requestToken(request: TokenRequest, signal: AbortSignal): Promise<BearerToken> {
  const { status, answer } = await post(request, signal)
  const where = endpointOf(request)
  if (status >= 400) throw refused(request, status, answer)
  if (status !== 200 || !isJsonObject(answer)) throw tokenUnavailable(`${where} answered ${status} without JSON`, false)
  const { access_token: token, expires_in: seconds } = answer
  // RFC 6749 requires a number; some servers send it as text.
  const life = typeof seconds === 'string' && /^\d+$/.test(seconds) ? Number(seconds) : seconds
  return bearerToken(where, token, typeof life === 'number' ? Date.now() + life * 1000 : undefined)
}

function endpointOf({ settings = SASL }: TokenRequest): string {
  return `The token endpoint (${settings.url})`
}

async function post(request: TokenRequest, signal: AbortSignal): Promise<{ status: number; answer: unknown }> {
  const { clientId, clientSecret, assertion } = request
  const headers: Record<string, string> = { accept: 'application/json' }
  if (assertion === undefined) {
    const pair = [clientId, clientSecret].map(text => encodeURIComponent(text ?? '')).join(':')
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`
  }
  try {
    const response = await fetch(request.url, {
      method: 'POST',
      body: new URLSearchParams(formOf(request)),
      signal,
      redirect: 'error',
      headers,
    })
    return { status: response.status, answer: parseJson(await readText(response)) }
  } catch (cause) {
    throw tokenUnavailable(`${endpointOf(request)} did not answer`, true, cause)
  }
}

function formOf({ grant, scope, clientId, assertion }: TokenRequest): Record<string, string> {
  const ofScope = scope === undefined ? {} : { scope }
  if (grant === 'jwt-bearer') return { grant_type: JWT_BEARER, assertion: assertion ?? '', ...ofScope }
  const form = { grant_type: 'client_credentials', ...ofScope }
  if (assertion === undefined) return form
  const ofClient = clientId === undefined ? {} : { client_id: clientId }
  return { ...form, client_assertion_type: CLIENT_ASSERTION, client_assertion: assertion, ...ofClient }
}

/** @returns an empty text if the response is too long */
async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) return '' // Leaving the loop cancels the rest.
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function refused(request: TokenRequest, status: number, answer: unknown): Error {
  const error = isJsonObject(answer) && ERRORS.test(String(answer.error)) ? ` (${answer.error})` : ''
  const isRetriable = status >= 500 || status === 429 || status === 408
  const advice = request.assertion
    ? 'the assertion (sasl.oauthbearer.assertion.…), and that the endpoint knows its key'
    : (request.settings ?? SASL).advice
  return tokenUnavailable(
    `${endpointOf(request)} answered ${status}${error}${isRetriable ? '' : `: check ${advice}`}`,
    isRetriable,
  )
}
