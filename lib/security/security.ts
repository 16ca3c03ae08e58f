// TLS material and credentials for every new connection, from the settings.
import type { ProducerConfig } from '../config/settings.ts'
import { ConfigError } from '../errors.ts'
import type { Deadline } from '../time/deadline.ts'
import type {
  ConnectionSecurity,
  SaslCredentials,
  SecurityProvider,
  TlsMaterial,
} from '../transport/connection-security.ts'
import { MskIamToken } from './msk-iam-token.ts'
import { mskRegion } from './msk-region.ts'
import { OAuthToken } from './oauth-token.ts'
import { readTlsMaterial, type TlsOptions, toMaterial } from './pem.ts'
import { Secret, type SecretFields } from './secret.ts'

export type SecurityOptions = TlsOptions &
  Pick<
    ProducerConfig,
    | 'securityProtocol'
    | 'secretArn'
    | 'saslMechanism'
    | 'saslUsername'
    | 'saslPassword'
    | 'saslOauthbearerTokenEndpointUrl'
    | 'saslOauthbearerClientCredentialsClientId'
    | 'saslOauthbearerClientCredentialsClientSecret'
    | 'saslOauthbearerScope'
    | 'clientId'
    | 'bootstrapServers'
    | 'mskClusterArn'
  >

export class Security implements SecurityProvider {
  readonly #options: SecurityOptions
  readonly #material: TlsMaterial | undefined
  readonly #secret: Secret | undefined
  readonly #oauth = new OAuthToken()
  readonly #iam: MskIamToken | undefined

  /** @throws ConfigError for TLS material that can't be read, or MSK IAM without a region */
  constructor(options: SecurityOptions) {
    this.#options = options
    this.#material = options.securityProtocol.endsWith('SSL') ? readTlsMaterial(options) : undefined
    this.#secret = options.secretArn === undefined ? undefined : new Secret(options.secretArn)
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
    const tls = this.#material && {
      ...this.#material,
      ...toMaterial({ ca: secret.ca, cert: secret.certificate, key: secret.key, passphrase: secret.keyPassword }),
    }
    return { tls, credentials: await this.#credentials(secret, deadline) }
  }

  async renew(deadline: Deadline): Promise<boolean> {
    const hasNewSecret = this.#secret ? await this.#secret.renew(deadline) : false
    const hadToken = this.#oauth.forget()
    return hasNewSecret || hadToken
  }

  async #credentials(secret: SecretFields, deadline: Deadline): Promise<SaslCredentials | undefined> {
    const { saslMechanism: name } = this.#options
    if (name === undefined || !this.#options.securityProtocol.startsWith('SASL')) return undefined
    if (name === 'AWS_MSK_IAM') {
      const hint = 'that the role may kafka-cluster:Connect, and that the region (AWS_REGION) is the cluster’s'
      return { name, hint, mechanism: 'OAUTHBEARER', token: await (this.#iam as MskIamToken).get(deadline) }
    }
    if (name === 'OAUTHBEARER')
      return {
        name,
        hint: 'that the broker accepts tokens of sasl.oauthbearer.token.endpoint.url',
        mechanism: name,
        token: await this.#oauthToken(secret, deadline),
      }
    const { username = this.#options.saslUsername ?? '', password = this.#options.saslPassword ?? '' } = secret
    const hint = this.#secret
      ? 'username and password in the secret of KAFKA_SECRET_ARN'
      : 'sasl.username and sasl.password (KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD)'
    return { name, hint, mechanism: name, username, password }
  }

  #oauthToken({ clientId, clientSecret }: SecretFields, deadline: Deadline): Promise<string> {
    const { saslOauthbearerTokenEndpointUrl: tokenUrl = '', saslOauthbearerScope: scope } = this.#options
    const id = clientId ?? this.#options.saslOauthbearerClientCredentialsClientId ?? ''
    const secret = clientSecret ?? this.#options.saslOauthbearerClientCredentialsClientSecret ?? ''
    return this.#oauth.get({ tokenUrl, clientId: id, clientSecret: secret, scope }, deadline)
  }
}
