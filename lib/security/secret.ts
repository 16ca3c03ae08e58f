// Reads a JSON secret from Secrets Manager or the SSM Parameter Store: when first needed, and again after a broker
// refused the credentials. Form: docs.aws.amazon.com/msk/latest/developerguide/msk-password-tutorial.html (AmazonMSK_…:
// username, password)

import { ConfigError, type TransportError } from '../errors.ts'
import { ifMissing, requirePackages } from '../optional-packages.ts'
import { isJsonObject } from '../record/json-object.ts'
import { systemClock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { withTimeout } from '../time/patient-timer.ts'
import { credentialsUnavailable, missingPackages } from './credentials-unavailable.ts'

const SECRET_FIELDS = [
  'username',
  'password',
  'ca',
  'certificate',
  'key',
  'keyPassword',
  'clientId',
  'clientSecret',
  'assertionKey',
  'schemaRegistryUserInfo',
  'schemaRegistryToken',
  'schemaRegistryClientId',
  'schemaRegistryClientSecret',
  'schemaRegistryKey',
  'schemaRegistryKeyPassword',
] as const
export type SecretFields = { readonly [name in (typeof SECRET_FIELDS)[number]]?: string }

const CONNECT_MS = 1000
const REQUEST_MS = 3000
/** The secret is read again at most once in this time, ms. */
const MIN_RENEW_MS = 10_000

const secrets = new WeakMap<object, Secret>()

/**
 * Returns the secret of a configuration. Brokers and registries share it, so it is read once.
 * @returns undefined if the configuration names none
 * @throws ConfigError as in the constructor
 */
export function secretOf(options: { readonly secretArn: string | undefined }): Secret | undefined {
  const { secretArn } = options
  if (secretArn === undefined) return undefined
  const secret = secrets.get(options) ?? new Secret(secretArn)
  secrets.set(options, secret)
  return secret
}

export class Secret {
  readonly #arn: string
  #fields: Promise<SecretFields> | undefined
  #renewedAt = Number.NEGATIVE_INFINITY

  /**
   * @param arn the ARN of a secret or a parameter
   * @throws ConfigError if a package that it needs is not installed
   */
  constructor(arn: string) {
    requirePackages(isInSecretsManager(arn) ? 'secretsManager' : 'ssm')
    this.#arn = arn
  }

  /** @throws TransportError if it can't be read before the deadline */
  async read(deadline: Deadline): Promise<SecretFields> {
    this.#fields ??= this.#fetch()
    const reading = this.#fields
    reading.catch(() => {
      if (this.#fields === reading) this.#fields = undefined
    })
    return withTimeout(systemClock, deadline.remaining, reading, () =>
      unavailable('was not read before the deadline', true),
    )
  }

  /** Reads the secret again. @returns whether it has changed */
  async renew(deadline: Deadline): Promise<boolean> {
    if (performance.now() - this.#renewedAt < MIN_RENEW_MS) return false
    this.#renewedAt = performance.now()
    const before = this.#fields && (await this.#fields.catch(() => undefined))
    this.#fields = this.#fetch()
    return JSON.stringify(await this.read(deadline)) !== JSON.stringify(before)
  }

  async #fetch(): Promise<SecretFields> {
    let text: unknown
    try {
      text = await readText(this.#arn)
    } catch (cause) {
      if (cause instanceof ConfigError) throw missingPackages(cause)
      const name = innermostName(cause)
      throw unavailable(
        `can't be read (${name})`,
        !/NotFound|AccessDenied|Decryption|Validation|InvalidRequest/.test(name),
        cause,
      )
    }
    return parse(text)
  }
}

function isInSecretsManager(arn: string): boolean {
  return arn.split(':')[2] === 'secretsmanager'
}

async function readText(arn: string): Promise<unknown> {
  const [, , , region = '', , ...resource] = arn.split(':')
  const clientConfig = { region, requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS } }
  if (isInSecretsManager(arn)) {
    const { SecretsProvider } = await import('@aws-lambda-powertools/parameters/secrets').catch(
      ifMissing('secretsManager'),
    )
    return new SecretsProvider({ clientConfig }).get(arn, { forceFetch: true })
  }
  const { SSMProvider } = await import('@aws-lambda-powertools/parameters/ssm').catch(ifMissing('ssm'))
  return new SSMProvider({ clientConfig }).get(resource.join(':').replace(/^parameter/, ''), {
    decrypt: true,
    forceFetch: true,
  })
}

function parse(text: unknown): SecretFields {
  const expected = `expected a JSON object of texts: ${SECRET_FIELDS.join(', ')}`
  try {
    const parsed: unknown = JSON.parse(text instanceof Uint8Array ? Buffer.from(text).toString() : String(text))
    if (!isJsonObject(parsed)) throw new Error()
    for (const name of SECRET_FIELDS)
      if (parsed[name] !== undefined && typeof parsed[name] !== 'string') throw new Error()
    return parsed as SecretFields
  } catch {
    // The error of JSON.parse is dropped, because it quotes the secret.
    throw unavailable(`has the wrong form: ${expected}`, false)
  }
}

function unavailable(what: string, retriable: boolean, cause?: unknown): TransportError {
  return credentialsUnavailable(`The secret of KAFKA_SECRET_ARN ${what}.`, retriable, cause)
}

/** Returns the name of the innermost error, because Powertools wraps the client's error. */
function innermostName(error: unknown): string {
  let inner = error
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause
  return inner instanceof Error ? inner.name : 'Error'
}
