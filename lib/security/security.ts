// Provides TLS material and credentials for every new connection, from the settings.
import type { ProducerConfig } from '../config/settings.ts'
import { ConfigError } from '../errors.ts'
import { requirePackages } from '../optional-packages.ts'
import { parseSaslExtensions, type SaslExtensions } from '../record/sasl-extensions.ts'
import type { Deadline } from '../time/deadline.ts'
import type { ConnectionSecurity, SaslCredentials, SecurityProvider } from '../transport/connection-security.ts'
import { MskIamToken } from './msk-iam-token.ts'
import { mskRegion } from './msk-region.ts'
import { TlsFiles, type TlsOptions, toMaterial } from './pem.ts'
import { type Secret, type SecretFields, secretOf } from './secret.ts'
import type { TokenCache } from './token-cache.ts'
import type { OAuthBearerTokenProvider } from './token-provider.ts'
import type { OAuthOptions } from './token-source.ts'

export type SecurityOptions = TlsOptions &
  OAuthOptions &
  Pick<
    ProducerConfig,
    | 'securityProtocol'
    | 'secretArn'
    | 'saslMechanism'
    | 'saslUsername'
    | 'saslPassword'
    | 'clientId'
    | 'bootstrapServers'
    | 'mskClusterArn'
  >

export interface SecurityContext {
  /** Called with problems that do not stop a connection. */
  readonly warn?: (text: string) => void
  /** The function of `oauthBearerTokenProvider`. */
  readonly tokenProvider?: OAuthBearerTokenProvider | undefined
}

interface OAuth {
  readonly hint: string
  readonly tokens: TokenCache
  readonly extensions: SaslExtensions
}

export class Security implements SecurityProvider {
  readonly #options: SecurityOptions
  readonly #tls: TlsFiles | undefined
  readonly #secret: Secret | undefined
  readonly #context: SecurityContext
  #oauth: Promise<OAuth> | undefined
  readonly #iam: MskIamToken | undefined

  /** @throws ConfigError if TLS material can't be read, or for AWS tokens without a region */
  constructor(options: SecurityOptions, context: SecurityContext = {}) {
    this.#options = options
    this.#context = context
    this.#tls = options.securityProtocol.endsWith('SSL') ? new TlsFiles(options, context.warn) : undefined
    this.#secret = secretOf(options)
    if (options.saslMechanism === 'OAUTHBEARER' && options.saslOauthbearerAwsAudience !== undefined)
      requirePackages('webIdentity')
    if (options.saslMechanism !== 'AWS_MSK_IAM') return
    const region = mskRegion(options)
    if (region === undefined) throw new ConfigError(['AWS_REGION: expected the region of the MSK cluster, got none.'])
    this.#iam = new MskIamToken(
      region,
      options.clientId
        .replace(/[^\w+=,.@-]/g, '-')
        .padEnd(2, '-')
        .slice(0, 64),
    )
  }

  async forConnection(deadline: Deadline): Promise<ConnectionSecurity> {
    const secret = this.#secret ? await this.#secret.read(deadline) : {}
    const tls = this.#tls && {
      ...this.#tls.current(),
      ...toMaterial({ ca: secret.ca, cert: secret.certificate, key: secret.key, passphrase: secret.keyPassword }),
    }
    return { tls, credentials: await this.#credentials(secret, deadline) }
  }

  async renew(deadline: Deadline): Promise<boolean> {
    const hasNewSecret = this.#secret ? await this.#secret.renew(deadline) : false
    const hadToken = (await this.#oauth)?.tokens.forget() ?? false
    return hasNewSecret || hadToken
  }

  async #credentials(secret: SecretFields, deadline: Deadline): Promise<SaslCredentials | undefined> {
    const { saslMechanism: name } = this.#options
    if (name === undefined || !this.#options.securityProtocol.startsWith('SASL')) return undefined
    if (name === 'AWS_MSK_IAM') {
      const hint = 'that the role may kafka-cluster:Connect, and that the region (AWS_REGION) is the cluster’s'
      return { name, hint, mechanism: 'OAUTHBEARER', token: await (this.#iam as MskIamToken).get(deadline) }
    }
    if (name === 'OAUTHBEARER') {
      this.#oauth ??= this.#loadOAuth()
      const { hint, tokens, extensions } = await this.#oauth
      const { value: token, extensions: ofToken } = await tokens.get(secret, deadline)
      return { name, hint, mechanism: 'OAUTHBEARER', token, extensions: { ...extensions, ...ofToken } }
    }
    const { username = this.#options.saslUsername ?? '', password = this.#options.saslPassword ?? '' } = secret
    const hint = this.#secret
      ? 'username and password in the secret of KAFKA_SECRET_ARN'
      : 'sasl.username and sasl.password (KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD)'
    return { name, hint, mechanism: name, username, password }
  }

  /** Imported only if OAUTHBEARER is used, to keep cold starts of functions short. */
  async #loadOAuth(): Promise<OAuth> {
    const { tokenSourceOf } = await import('./token-source.ts')
    const { TokenCache } = await import('./token-cache.ts')
    const source = tokenSourceOf(this.#options, this.#context.tokenProvider)
    const extensions = parseSaslExtensions(this.#options.saslOauthbearerExtensions ?? '') ?? {}
    return { hint: source.hint, tokens: new TokenCache(source, this.#context), extensions }
  }
}
