// Gets a JWT from AWS for the function's role, which a broker or token endpoint outside AWS can verify (IAM outbound
// identity federation). Source: docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
import { ConfigError } from '../errors.ts'
import { ifMissing } from '../optional-packages.ts'
import { type BearerToken, bearerToken, tokenUnavailable } from './bearer-token.ts'
import { missingPackages } from './credentials-unavailable.ts'

export interface WebIdentityOptions {
  /** The claim `aud`. */
  readonly audience: string
  /** The region; undefined for the function's. The global endpoint of STS does not return such tokens. */
  readonly region: string | undefined
  /** From 60 to 3600. */
  readonly durationSeconds: number
  readonly signingAlgorithm: 'ES384' | 'RS256'
}

const CONNECT_MS = 1000
const REQUEST_MS = 3000
const ADVICE: Readonly<Record<string, string>> = {
  OutboundWebIdentityFederationDisabled: 'expected the account to have outbound identity federation enabled',
  SessionDurationEscalation: 'expected less in sasl.oauthbearer.aws.duration.seconds',
}

/** @throws TransportError */
export async function getWebIdentityToken(options: WebIdentityOptions, signal: AbortSignal): Promise<BearerToken> {
  const { audience, region, durationSeconds, signingAlgorithm } = options
  const { STSClient, GetWebIdentityTokenCommand } = await load()
  const client = new STSClient({
    ...(region === undefined ? {} : { region }),
    maxAttempts: 1, // The caller retries.
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS },
  })
  try {
    const answer = await client.send(
      new GetWebIdentityTokenCommand({
        Audience: [audience],
        DurationSeconds: durationSeconds,
        SigningAlgorithm: signingAlgorithm,
      }),
      { abortSignal: signal },
    )
    return bearerToken('sts:GetWebIdentityToken', answer.WebIdentityToken, answer.Expiration?.getTime())
  } catch (cause) {
    throw failed(cause)
  } finally {
    client.destroy()
  }
}

async function load(): Promise<typeof import('@aws-sdk/client-sts')> {
  try {
    return await import('@aws-sdk/client-sts').catch(ifMissing('webIdentity'))
  } catch (cause) {
    throw cause instanceof ConfigError ? missingPackages(cause) : cause
  }
}

function failed(cause: unknown): Error {
  const { name, $metadata, code } = cause as Error & { $metadata?: { httpStatusCode?: number }; code?: unknown }
  if (code === 'authentication') return cause as Error // The response had no token.
  const status = $metadata?.httpStatusCode ?? 0
  const isFatal = (status >= 400 && status < 500 && !/Throttl/.test(name)) || /Credentials|Region/.test(name)
  const advice =
    ADVICE[name.replace(/Exception$/, '')] ??
    'check that the role may sts:GetWebIdentityToken for this audience (sasl.oauthbearer.aws.audience)'
  return tokenUnavailable(`sts:GetWebIdentityToken failed (${name})${isFatal ? `: ${advice}` : ''}`, !isFatal, cause)
}
