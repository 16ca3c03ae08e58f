// How the producer shows who it is, from its settings: TLS material and authentication for every new connection.
import type { ProducerConfig } from '../config/settings.ts'
import { ConfigError } from '../errors.ts'
import type { Deadline } from '../time/deadline.ts'
import type {
  ConnectionSecurity,
  SaslAuthentication,
  SecurityProvider,
  TlsMaterial,
} from '../transport/connection-security.ts'
import { MskIamToken } from './msk-iam-token.ts'
import { mskRegion } from './msk-region.ts'
import { OAuthToken } from './oauth-token.ts'
import { readTlsMaterial, toMaterial } from './pem.ts'
import { Secret, type SecretFields } from './secret.ts'

export class Security implements SecurityProvider {
  readonly #config: ProducerConfig
  readonly #material: TlsMaterial | undefined
  readonly #secret: Secret | undefined
  readonly #oauth = new OAuthToken()
  readonly #iam: MskIamToken | undefined

  /** @throws ConfigError for TLS material that can't be read, or MSK IAM without a region */
  constructor(config: ProducerConfig) {
    this.#config = config
    this.#material = config.securityProtocol.endsWith('SSL') ? readTlsMaterial(config) : undefined
    this.#secret = config.secretArn === undefined ? undefined : new Secret(config.secretArn)
    if (config.saslMechanism !== 'AWS_MSK_IAM') return
    const region = mskRegion(config)
    if (region === undefined)
      throw new ConfigError(['AWS_REGION: expected the region of the MSK cluster; got nothing.'])
    this.#iam = new MskIamToken(
      region,
      config.clientId
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
    return { tls, authentication: await this.#authentication(secret, deadline) }
  }

  async renew(deadline: Deadline): Promise<boolean> {
    const isAnother = this.#secret ? await this.#secret.renew(deadline) : false
    const hadToken = this.#oauth.forget()
    return isAnother || hadToken
  }

  async #authentication(secret: SecretFields, deadline: Deadline): Promise<SaslAuthentication | undefined> {
    const { saslMechanism: name } = this.#config
    if (name === undefined || !this.#config.securityProtocol.startsWith('SASL')) return undefined
    if (name === 'AWS_MSK_IAM') {
      const hint = 'that the role may kafka-cluster:Connect, and that the region (AWS_REGION) is the cluster’s'
      return { name, hint, mechanism: 'OAUTHBEARER', token: await (this.#iam as MskIamToken).get(deadline) }
    }
    if (name === 'OAUTHBEARER')
      return {
        name,
        hint: 'that the token of sasl.oauthbearer.token.endpoint.url is one the broker accepts',
        mechanism: name,
        token: await this.#oauthToken(secret, deadline),
      }
    const { username = this.#config.saslUsername ?? '', password = this.#config.saslPassword ?? '' } = secret
    const hint = this.#secret
      ? 'username and password in the secret of KAFKA_SECRET_ARN'
      : 'sasl.username and sasl.password (KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD)'
    return { name, hint, mechanism: name, username, password }
  }

  #oauthToken({ clientId, clientSecret }: SecretFields, deadline: Deadline): Promise<string> {
    const { saslOauthbearerTokenEndpointUrl: tokenUrl = '', saslOauthbearerScope: scope } = this.#config
    const id = clientId ?? this.#config.saslOauthbearerClientCredentialsClientId ?? ''
    const secret = clientSecret ?? this.#config.saslOauthbearerClientCredentialsClientSecret ?? ''
    return this.#oauth.get({ tokenUrl, clientId: id, clientSecret: secret, scope }, deadline)
  }
}
