// Provides the credentials for a registry from the settings. Source of names and kinds: SchemaRegistryClientConfig of
// Confluent's Java client, and its credential providers.
import type { ProducerConfig } from '../../config/settings.ts'
import { isInstance, SerializationError, TransportError } from '../../errors.ts'
import { parseSaslExtensions } from '../../record/sasl-extensions.ts'
import { bearerToken } from '../../security/bearer-token.ts'
import { type SecretFields, secretOf } from '../../security/secret.ts'
import { systemClock } from '../../time/clock.ts'
import { Deadline } from '../../time/deadline.ts'
import { type RegistryTokenOptions, type RegistryTokens, tokensOfKafka, tokensOfRegistry } from './registry-tokens.ts'

export type CredentialOptions = RegistryTokenOptions &
  Pick<
    ProducerConfig,
    | 'secretArn'
    | 'saslUsername'
    | 'saslPassword'
    | 'schemaRegistryBasicAuthCredentialsSource'
    | 'schemaRegistryBasicAuthUserInfo'
    | 'schemaRegistryBearerAuthCredentialsSource'
    | 'schemaRegistryBearerAuthToken'
    | 'schemaRegistryBearerAuthLogicalCluster'
    | 'schemaRegistryBearerAuthIdentityPoolId'
  >

const USER_INFO = 'schema.registry.basic.auth.user.info (KAFKA_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO)'
const TOKEN = 'schema.registry.bearer.auth.token (KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_TOKEN)'

export class RegistryCredentials {
  readonly #options: CredentialOptions
  readonly #secret: ReturnType<typeof secretOf>
  readonly #tokens: RegistryTokens | undefined
  readonly #timeoutMs: number
  /** What to check if the registry refuses the credentials, for messages. */
  readonly hint: string

  /**
   * @param timeoutMs how long the secret and a token may take
   * @throws ConfigError for incomplete settings or a missing package
   */
  constructor(options: CredentialOptions, timeoutMs: number, warn?: (text: string) => void) {
    this.#options = options
    this.#timeoutMs = timeoutMs
    this.#secret = secretOf(options)
    this.#tokens = tokensOf(options, warn)
    this.hint = `${this.#tokens?.hint ?? hintOf(options)}${this.#secret ? ', or the secret of KAFKA_SECRET_ARN' : ''}`
  }

  /** @throws SerializationError if the secret or a token is not available */
  headers(): Promise<Record<string, string>> {
    return had(this.#headers())
  }

  /** Called after the registry refused the credentials: the next headers use a new secret and a new token. */
  renew(): Promise<unknown> {
    this.#tokens?.cache.forget()
    return had(Promise.resolve(this.#secret?.renew(this.#deadline())))
  }

  /** Returns the private key of the client and its password, if the secret has them. */
  async keyOfSecret(): Promise<Readonly<Record<'key' | 'passphrase', string | undefined>>> {
    const { schemaRegistryKey: key, schemaRegistryKeyPassword: passphrase } = await had(this.#fields())
    return { key, passphrase }
  }

  async #headers(): Promise<Record<string, string>> {
    const fields = await this.#fields()
    const token = this.#tokens
      ? (await this.#tokens.cache.get(fields, this.#deadline())).value
      : tokenOf(this.#options, fields)
    if (token !== undefined) return { authorization: `Bearer ${token}`, ...confluentHeaders(this.#options) }
    const userInfo = userInfoOf(this.#options, fields)
    return userInfo === undefined ? {} : { authorization: `Basic ${Buffer.from(userInfo).toString('base64')}` }
  }

  async #fields(): Promise<SecretFields> {
    return this.#secret ? this.#secret.read(this.#deadline()) : {}
  }

  #deadline(): Deadline {
    return Deadline.after(systemClock, this.#timeoutMs)
  }
}

function tokensOf(options: CredentialOptions, warn?: (text: string) => void): RegistryTokens | undefined {
  const {
    schemaRegistryBearerAuthCredentialsSource: source,
    schemaRegistryBearerAuthIssuerEndpointUrl: endpoint,
    schemaRegistryBearerAuthToken: token,
  } = options
  if (source === 'SASL_OAUTHBEARER_INHERIT') return tokensOfKafka(options, warn)
  const isOAuth = source === 'OAUTHBEARER' || (source === undefined && token === undefined && endpoint !== undefined)
  return isOAuth ? tokensOfRegistry(options, warn) : undefined
}

function hintOf(options: CredentialOptions): string {
  if (options.schemaRegistryBearerAuthToken !== undefined) return TOKEN
  return options.schemaRegistryBasicAuthCredentialsSource === 'SASL_INHERIT'
    ? 'sasl.username, sasl.password'
    : USER_INFO
}

/** A token in the secret is not used if a user is configured. */
function tokenOf(options: CredentialOptions, { schemaRegistryToken }: SecretFields): string | undefined {
  const hasUser =
    options.schemaRegistryBasicAuthCredentialsSource !== undefined ||
    options.schemaRegistryBasicAuthUserInfo !== undefined
  const token = options.schemaRegistryBearerAuthToken ?? (hasUser ? undefined : schemaRegistryToken)
  if (token === undefined && options.schemaRegistryBearerAuthCredentialsSource !== 'STATIC_TOKEN') return undefined
  return bearerToken(TOKEN, token, undefined).value
}

function userInfoOf(options: CredentialOptions, fields: SecretFields): string | undefined {
  if (options.schemaRegistryBasicAuthCredentialsSource !== 'SASL_INHERIT')
    return fields.schemaRegistryUserInfo ?? options.schemaRegistryBasicAuthUserInfo
  const { username = options.saslUsername ?? '', password = options.saslPassword ?? '' } = fields
  return `${username}:${password}`
}

/** Headers by which Confluent Cloud identifies the registry and the identity pool. */
function confluentHeaders(options: CredentialOptions): Record<string, string> {
  const isInherited = options.schemaRegistryBearerAuthCredentialsSource === 'SASL_OAUTHBEARER_INHERIT'
  const ofKafka = isInherited ? parseSaslExtensions(options.saslOauthbearerExtensions ?? '') : undefined
  const cluster = options.schemaRegistryBearerAuthLogicalCluster ?? ofKafka?.logicalCluster
  const pool = options.schemaRegistryBearerAuthIdentityPoolId ?? ofKafka?.identityPoolId
  return {
    ...(cluster === undefined ? {} : { 'target-sr-cluster': cluster }),
    ...(pool === undefined ? {} : { 'confluent-identity-pool-id': pool }),
  }
}

/** Reports an unavailable token endpoint like an unavailable registry, and a refused client like a 401. */
async function had<T>(credentials: Promise<T>): Promise<T> {
  try {
    return await credentials
  } catch (error) {
    if (!isInstance(error, TransportError)) throw error
    const { message, causeCode, retriable } = error
    const code = retriable ? 'schema-registry' : 'schema-registry-access'
    throw new SerializationError('delivery-failure', message, { code, retriable, causeCode, cause: error })
  }
}
