// Provides tokens for a registry: from its own OAuth endpoint, or the same tokens as for the brokers.
import type { ProducerConfig } from '../../config/settings.ts'
import { ConfigError } from '../../errors.ts'
import type { SecretFields } from '../../security/secret.ts'
import { TokenCache } from '../../security/token-cache.ts'
import { requestToken } from '../../security/token-endpoint.ts'
import { type OAuthOptions, tokenSourceOf } from '../../security/token-source.ts'

export type RegistryTokenOptions = OAuthOptions &
  Pick<
    ProducerConfig,
    | 'oauthBearerTokenProvider'
    | 'schemaRegistryBearerAuthIssuerEndpointUrl'
    | 'schemaRegistryBearerAuthClientId'
    | 'schemaRegistryBearerAuthClientSecret'
    | 'schemaRegistryBearerAuthScope'
  >

export interface RegistryTokens {
  readonly hint: string
  readonly cache: TokenCache
}

const BEARER = 'schema.registry.bearer.auth'

export function tokensOfRegistry(options: RegistryTokenOptions, warn?: (text: string) => void): RegistryTokens {
  const hint = `${BEARER}.client.id and ${BEARER}.client.secret (KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_CLIENT_…)`
  const settings = { url: `${BEARER}.issuer.endpoint.url`, advice: hint }
  const source = {
    hint,
    request: (
      {
        schemaRegistryClientId: clientId = options.schemaRegistryBearerAuthClientId,
        schemaRegistryClientSecret: clientSecret = options.schemaRegistryBearerAuthClientSecret,
      }: SecretFields,
      signal: AbortSignal,
    ) =>
      requestToken(
        {
          url: options.schemaRegistryBearerAuthIssuerEndpointUrl ?? '',
          grant: 'client-credentials',
          scope: options.schemaRegistryBearerAuthScope,
          clientId,
          clientSecret,
          assertion: undefined,
          settings,
        },
        signal,
      ),
  }
  return { hint, cache: new TokenCache(source, { name: `${BEARER}.credentials.source OAUTHBEARER`, warn }) }
}

export function tokensOfKafka(options: RegistryTokenOptions, warn?: (text: string) => void): RegistryTokens {
  const { oauthBearerTokenProvider: provider } = options
  if (typeof provider === 'string')
    throw new ConfigError([
      `${BEARER}.credentials.source SASL_OAUTHBEARER_INHERIT: expected oauthBearerTokenProvider as a function, got ` +
        'the path of a module.',
    ])
  const source = tokenSourceOf(options, provider)
  return { hint: source.hint.replace('the broker', 'the registry'), cache: new TokenCache(source, { warn }) }
}
