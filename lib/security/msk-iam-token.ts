// Creates tokens for MSK IAM with AWS's signer, and one credential provider chain per container. Source:
// github.com/aws/aws-msk-iam-sasl-signer-js
import type { defaultProvider } from '@aws-sdk/credential-provider-node'
import { ConfigError, TransportError } from '../errors.ts'
import { ifMissing, requirePackages } from '../optional-packages.ts'
import { importCommonJs } from '../record/import-common-js.ts'
import { systemClock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { withTimeout } from '../time/patient-timer.ts'
import { credentialsUnavailable, missingPackages } from './credentials-unavailable.ts'

type Chain = ReturnType<typeof defaultProvider>
type AwsCredentialIdentity = Awaited<ReturnType<Chain>>

/** The least time left, s: a token with less could expire before the broker checks it. */
const MIN_LEFT_S = 60
const MAX_TOKEN_S = 900
const MAX_TRIES = 10

export class MskIamToken {
  readonly #region: string
  readonly #sessionName: string
  #chain: Chain | undefined

  /**
   * @param sessionName the session name of a role that the chain assumes: fixed, so that the principal stays the same
   * @throws ConfigError if a package that it needs is not installed
   */
  constructor(region: string, sessionName: string) {
    requirePackages('mskIam')
    this.#region = region
    this.#sessionName = sessionName
  }

  /** @throws TransportError */
  get(deadline: Deadline): Promise<string> {
    const signing = this.#sign().catch(cause => {
      if (cause instanceof ConfigError) throw missingPackages(cause)
      throw cause instanceof TransportError ? cause : unavailable('could not sign a token', false, cause)
    })
    return withTimeout(systemClock, deadline.remaining, signing, () =>
      unavailable('were not available before the deadline', true),
    )
  }

  async #sign(): Promise<string> {
    const credentials = await this.#credentials()
    const seconds = secondsLeft(credentials)
    if (seconds < MIN_LEFT_S) throw unavailable(`have less than ${MIN_LEFT_S} s left`, false)
    const { generateAuthTokenFromCredentialsProvider } = await importCommonJs(
      import('aws-msk-iam-sasl-signer-js').catch(ifMissing('mskIam')),
    )
    const { expiration: _, ...identity } = credentials
    for (let n = 0; n < MAX_TRIES; n++) {
      const expiring = seconds >= MAX_TOKEN_S ? identity : { ...identity, expiration: new SecondsFromNow(seconds) }
      const { token } = await generateAuthTokenFromCredentialsProvider({
        region: this.#region,
        awsCredentialsProvider: async () => expiring,
      })
      if (hasWholeSeconds(token)) return token
    }
    throw unavailable('gave no token whose lifetime is in whole seconds', true)
  }

  async #credentials(): Promise<AwsCredentialIdentity> {
    try {
      if (!this.#chain) {
        const { defaultProvider } = await import('@aws-sdk/credential-provider-node').catch(ifMissing('mskIam'))
        this.#chain = defaultProvider({ roleSessionName: this.#sessionName })
      }
      const credentials = await this.#chain()
      return secondsLeft(credentials) < MIN_LEFT_S ? await this.#chain({ forceRefresh: true }) : credentials
    } catch (cause) {
      if (cause instanceof ConfigError) throw cause
      throw unavailable(
        "can't be found: expected the function's role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        false,
        cause,
      )
    }
  }
}

function secondsLeft({ expiration }: AwsCredentialIdentity): number {
  return expiration === undefined ? Number.POSITIVE_INFINITY : Math.floor((expiration.getTime() - Date.now()) / 1000)
}

/**
 * The signer gives the token the rest of the credentials' lifetime, in fractions of a second; AWS's signers in other
 * languages write whole seconds. This date is always a whole number of seconds from now.
 */
class SecondsFromNow extends Date {
  readonly #seconds: number

  constructor(seconds: number) {
    super()
    this.#seconds = seconds
  }

  override getTime(): number {
    return Date.now() + this.#seconds * 1000
  }
}

/** False if the clock advanced between two reads of the signer. */
function hasWholeSeconds(token: string): boolean {
  return /^\d+$/.test(new URL(Buffer.from(token, 'base64url').toString()).searchParams.get('X-Amz-Expires') ?? '')
}

function unavailable(what: string, retriable: boolean, cause?: unknown): TransportError {
  return credentialsUnavailable(`The AWS credentials for sasl.mechanism AWS_MSK_IAM ${what}.`, retriable, cause)
}
