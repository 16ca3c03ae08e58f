// Where the tokens of sasl.mechanism OAUTHBEARER come from, by the settings. What a source needs is loaded on use.
import type { ProducerConfig } from '../config/settings.ts'
import type { TokenSource } from './bearer-token.ts'

export type OAuthOptions = Pick<ProducerConfig, Extract<keyof ProducerConfig, `saslOauthbearer${string}`>>

export function tokenSourceOf(options: OAuthOptions): TokenSource {
  return endpoint(options)
}

function endpoint(options: OAuthOptions): TokenSource {
  return {
    hint: 'that the broker accepts tokens of sasl.oauthbearer.token.endpoint.url',
    request: async ({ clientId, clientSecret }, signal) => {
      const { requestToken } = await import('./token-endpoint.ts')
      return requestToken(
        {
          url: options.saslOauthbearerTokenEndpointUrl ?? '',
          grant: 'client-credentials',
          scope: options.saslOauthbearerScope,
          clientId: clientId ?? options.saslOauthbearerClientCredentialsClientId,
          clientSecret: clientSecret ?? options.saslOauthbearerClientCredentialsClientSecret,
          assertion: undefined,
        },
        signal,
      )
    },
  }
}
