// A token by the client credentials grant (RFC 6749, section 4.4), kept until it has less than a minute left.

import { TransportError } from '../errors.ts'
import { isJsonObject } from '../record/json-object.ts'
import type { Deadline } from '../time/deadline.ts'

const MIN_LEFT_MS = 60_000

export interface OAuthOptions {
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scope: string | undefined
}

export class OAuthToken {
  #token: string | undefined
  #endsAt = 0

  /** @throws TransportError */
  async get(options: OAuthOptions, deadline: Deadline): Promise<string> {
    if (this.#token !== undefined && this.#endsAt - Date.now() > MIN_LEFT_MS) return this.#token
    const answer = await request(options, deadline)
    const { access_token: token, expires_in: seconds } = answer
    if (typeof token !== 'string' || token === '') throw unavailable('answered without an access_token', false)
    this.#token = token
    this.#endsAt = typeof seconds === 'number' ? Date.now() + seconds * 1000 : 0
    return token
  }

  /** Drops the cached token. @returns whether there was one */
  forget(): boolean {
    const hadToken = this.#token !== undefined
    this.#token = undefined
    return hadToken
  }
}

async function request(
  { tokenUrl, clientId, clientSecret, scope }: OAuthOptions,
  deadline: Deadline,
): Promise<Record<string, unknown>> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) })
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')
  let response: Response
  try {
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(deadline.remaining)))
    response = await fetch(tokenUrl, {
      method: 'POST',
      body,
      signal,
      redirect: 'error',
      headers: { authorization: `Basic ${basic}`, accept: 'application/json' },
    })
  } catch (cause) {
    throw unavailable('did not answer', true, cause)
  }
  if (response.status === 400 || response.status === 401 || response.status === 403)
    throw unavailable(
      `answered ${response.status}: check sasl.oauthbearer.client.credentials.client.id and .client.secret ` +
        '(KAFKA_SASL_OAUTHBEARER_CLIENT_CREDENTIALS_…)',
      false,
    )
  const answer: unknown = await response.json().catch(() => undefined)
  if (!response.ok || !isJsonObject(answer)) throw unavailable(`answered ${response.status}`, response.status >= 500)
  return answer
}

function unavailable(what: string, retriable: boolean, cause?: unknown): TransportError {
  return new TransportError('authentication', `The token endpoint (sasl.oauthbearer.token.endpoint.url) ${what}.`, {
    causeCode: 'CREDENTIALS_UNAVAILABLE',
    retriable,
    cause,
  })
}
