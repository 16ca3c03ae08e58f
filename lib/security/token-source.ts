// Chooses the source of tokens for sasl.mechanism OAUTHBEARER from the settings. The code of a source is imported on
// use.
import { readFile } from 'node:fs/promises'
import type { ProducerConfig } from '../config/settings.ts'
import { type BearerToken, bearerToken, type TokenSource, tokenUnavailable } from './bearer-token.ts'
import type { SecretFields } from './secret.ts'
import type { OAuthBearerTokenProvider } from './token-provider.ts'

export type OAuthOptions = Pick<ProducerConfig, Extract<keyof ProducerConfig, `saslOauthbearer${string}`>>

export function tokenSourceOf(options: OAuthOptions, provider: OAuthBearerTokenProvider | undefined): TokenSource {
  const { saslOauthbearerTokenEndpointUrl: url } = options
  if (provider)
    return {
      hint: 'that the broker accepts tokens of oauthBearerTokenProvider',
      request: async (_secret, signal) => (await import('./token-provider.ts')).callTokenProvider(provider, signal),
    }
  if (url === undefined)
    return {
      hint: 'that the broker trusts the issuer of the AWS account and expects sasl.oauthbearer.aws.audience',
      request: (_secret, signal) => awsToken(options, signal),
    }
  const hint = 'that the broker accepts tokens of sasl.oauthbearer.token.endpoint.url'
  if (url.startsWith('file:')) return { hint, request: () => tokenOfFile(url) }
  return { hint, request: (secret, signal) => tokenOfEndpoint(options, secret, signal) }
}

async function awsToken(options: OAuthOptions, signal: AbortSignal): Promise<BearerToken> {
  const { getWebIdentityToken } = await import('./aws-web-identity.ts')
  return getWebIdentityToken(
    {
      audience: options.saslOauthbearerAwsAudience ?? '',
      region: options.saslOauthbearerAwsRegion,
      durationSeconds: options.saslOauthbearerAwsDurationSeconds,
      signingAlgorithm: options.saslOauthbearerAwsSigningAlgorithm,
    },
    signal,
  )
}

/** Reads a token from a file, e.g. one that Kubernetes keeps up to date in a mounted volume. */
async function tokenOfFile(url: string): Promise<BearerToken> {
  const text = await read('sasl.oauthbearer.token.endpoint.url', new URL(url))
  return bearerToken('The file of sasl.oauthbearer.token.endpoint.url', text.trim(), undefined)
}

async function tokenOfEndpoint(options: OAuthOptions, secret: SecretFields, signal: AbortSignal): Promise<BearerToken> {
  const clientId = secret.clientId ?? options.saslOauthbearerClientCredentialsClientId
  const assertion = await assertionOf(options, clientId, secret, signal)
  const { requestToken } = await import('./token-endpoint.ts')
  return requestToken(
    {
      url: options.saslOauthbearerTokenEndpointUrl ?? '',
      grant: options.saslOauthbearerJwtRetrieverClass === 'JwtBearerJwtRetriever' ? 'jwt-bearer' : 'client-credentials',
      scope: options.saslOauthbearerScope,
      clientId,
      clientSecret: secret.clientSecret ?? options.saslOauthbearerClientCredentialsClientSecret,
      assertion,
    },
    signal,
  )
}

/** Returns an assertion from a file, or else from AWS, or else signed here; undefined if a client secret is used. */
async function assertionOf(
  options: OAuthOptions,
  clientId: string | undefined,
  secret: SecretFields,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { saslOauthbearerAssertionFile: file, saslOauthbearerAssertionPrivateKeyFile: keyFile } = options
  if (file !== undefined) return (await read('sasl.oauthbearer.assertion.file', file)).trim()
  if (options.saslOauthbearerAwsAudience !== undefined) return (await awsToken(options, signal)).value
  const key =
    keyFile === undefined ? secret.assertionKey : await read('sasl.oauthbearer.assertion.private.key.file', keyFile)
  if (key === undefined) return undefined
  const { saslOauthbearerAssertionTemplateFile: template } = options
  const { signAssertion } = await import('./assertion.ts')
  return signAssertion(key, options.saslOauthbearerAssertionPrivateKeyPassphrase, {
    algorithm: options.saslOauthbearerAssertionAlgorithm,
    clientId,
    issuer: options.saslOauthbearerAssertionClaimIss,
    subject: options.saslOauthbearerAssertionClaimSub,
    audience: options.saslOauthbearerAssertionClaimAud,
    endpoint: options.saslOauthbearerTokenEndpointUrl ?? '',
    lifetimeS: options.saslOauthbearerAssertionClaimExpSeconds,
    notBeforeS: options.saslOauthbearerAssertionClaimNbfSeconds,
    hasId: options.saslOauthbearerAssertionClaimJtiInclude,
    template: template === undefined ? undefined : await read('sasl.oauthbearer.assertion.template.file', template),
  })
}

async function read(setting: string, file: string | URL): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw tokenUnavailable(`${setting}: the file can't be read (${(cause as NodeJS.ErrnoException).code})`, false)
  }
}
