// Keeps a token until shortly before it expires. Connections that need one at the same time share a request.
import { isInstance, TransportError } from '../errors.ts'
import { backoff } from '../time/backoff.ts'
import { type Clock, sleep, systemClock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { withTimeout } from '../time/patient-timer.ts'
import { type BearerToken, type TokenSource, tokenUnavailable } from './bearer-token.ts'
import type { SecretFields } from './secret.ts'

/** A token is replaced when this much of its lifetime is left, ms, or a fifth of it if that is less. */
const REFRESH_LEFT_MS = 60_000
const REFRESH_SHARE = 0.2
/** If no new token can be obtained, the current one is used as long as it has this much time left, ms. */
const MIN_USABLE_MS = 10_000
/** How long a connection then waits for a new token, ms. */
const REFRESH_WAIT_MS = 1000
const REQUEST_MS = 5000
const ATTEMPTS = 3
const BACKOFF_MS = 100
const BACKOFF_MAX_MS = 1000

export interface TokenCacheOptions {
  /** What the tokens are for, for messages. Default: `sasl.mechanism OAUTHBEARER` */
  readonly name?: string
  readonly warn?: ((text: string) => void) | undefined
  readonly clock?: Clock
  /** Default: `Math.random`. */
  readonly random?: () => number
}

export class TokenCache {
  readonly #source: TokenSource
  readonly #name: string
  readonly #warn: (text: string) => void
  readonly #clock: Clock
  readonly #random: () => number
  #token: BearerToken | undefined
  #refreshAt = 0
  #pending: Promise<BearerToken> | undefined

  constructor(
    source: TokenSource,
    {
      name = 'sasl.mechanism OAUTHBEARER',
      warn = () => {},
      clock = systemClock,
      random = Math.random,
    }: TokenCacheOptions = {},
  ) {
    this.#source = source
    this.#name = name
    this.#warn = warn
    this.#clock = clock
    this.#random = random
  }

  /** @throws TransportError if there is no token before the deadline */
  async get(secret: SecretFields, deadline: Deadline): Promise<BearerToken> {
    const token = this.#token
    const now = this.#clock.epochMs()
    if (token && now < this.#refreshAt) return token
    this.#pending ??= this.#request(secret).finally(() => {
      this.#pending = undefined
    })
    const late = () => tokenUnavailable(`The token for ${this.#name} did not arrive in time`, true)
    const wait = (ms: number) => withTimeout(this.#clock, ms, this.#pending as Promise<BearerToken>, late)
    if ((token?.expiresAt ?? 0) - now < MIN_USABLE_MS) return wait(deadline.remaining)
    try {
      return await wait(deadline.limitedTo(REFRESH_WAIT_MS).remaining)
    } catch (error) {
      this.#warn(`The previous token is used again, because no new one could be obtained: ${(error as Error).message}`)
      return token as BearerToken
    }
  }

  /** Drops the token. @returns whether there was one */
  forget(): boolean {
    const hadToken = this.#token !== undefined
    this.#token = undefined
    this.#refreshAt = 0
    return hadToken
  }

  async #request(secret: SecretFields): Promise<BearerToken> {
    for (let attempt = 1; ; attempt++) {
      try {
        const token = await this.#source.request(secret, AbortSignal.timeout(REQUEST_MS))
        const expiresAt = token.expiresAt ?? 0
        this.#token = token
        this.#refreshAt = expiresAt - Math.min(REFRESH_LEFT_MS, (expiresAt - this.#clock.epochMs()) * REFRESH_SHARE)
        return token
      } catch (error) {
        const isRetriable = isInstance(error, TransportError) && error.retriable
        if (!isRetriable || attempt === ATTEMPTS) throw error
        await sleep(this.#clock, backoff(attempt, BACKOFF_MS, BACKOFF_MAX_MS, this.#random))
      }
    }
  }
}
