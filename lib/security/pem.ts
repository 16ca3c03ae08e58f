// Reads TLS material from values or files. It is read when the producer is created, so that an invalid file is reported
// during init, and again before a new connection if a file has changed, so that a renewed certificate takes effect.
import { type BigIntStats, readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { ProducerConfig } from '../config/settings.ts'
import { ConfigError } from '../errors.ts'
import type { TlsMaterial } from '../transport/connection-security.ts'

type Problem = (text: string) => void

export type TlsOptions = Pick<
  ProducerConfig,
  | 'sslTruststoreCertificates'
  | 'sslTruststoreLocation'
  | 'sslKeystoreCertificateChain'
  | 'sslKeystoreKey'
  | 'sslKeystoreLocation'
  | 'sslKeyPassword'
>

/** The TLS material of the settings; reloaded when a file changes. */
export class TlsFiles {
  readonly #options: TlsOptions
  readonly #warn: (text: string) => void
  readonly #prefix: string
  #material: TlsMaterial
  /** Identifies the versions of the files that were read last, valid or not. */
  #versions: string

  /**
   * @param warn called if a file has changed and can't be used
   * @param prefix of the settings' names, such as `schema.registry.`
   * @throws ConfigError
   */
  constructor(options: TlsOptions, warn: (text: string) => void = () => {}, prefix = '') {
    this.#options = options
    this.#warn = warn
    this.#prefix = prefix
    this.#versions = this.#currentVersions()
    this.#material = readTlsMaterial(options, prefix)
  }

  /** Returns the current material. The previous one stays in use while a changed file is invalid, e.g. half written. */
  current(): TlsMaterial {
    const versions = this.#currentVersions()
    if (versions === this.#versions) return this.#material
    this.#versions = versions
    try {
      const material = readTlsMaterial(this.#options, this.#prefix)
      createSecureContext(material) // Throws if key and certificate don't match.
      this.#material = material
    } catch (error) {
      const reason = error instanceof ConfigError ? error.problems.join(' ') : (error as NodeJS.ErrnoException).code
      this.#warn(
        `A file of ${this.#prefix}ssl.truststore.location or ${this.#prefix}ssl.keystore.location has changed and ` +
          `can't be used (${reason}); the previous one stays in use.`,
      )
    }
    return this.#material
  }

  #currentVersions(): string {
    const { sslTruststoreLocation, sslKeystoreLocation } = this.#options
    return [sslTruststoreLocation, sslKeystoreLocation].map(path => (path === undefined ? '' : versionOf(path))).join()
  }
}

/**
 * Identifies the version of a file. A link that points to another file counts as changed, because Kubernetes replaces
 * mounted secrets that way.
 */
function versionOf(path: string): string {
  const stats: BigIntStats | undefined = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? 'none' : `${stats.ino}:${stats.size}:${stats.mtimeNs}`
}

/** @throws ConfigError */
function readTlsMaterial(options: TlsOptions, prefix: string): TlsMaterial {
  const problems: string[] = []
  const problem: Problem = text => problems.push(`${prefix}${text}`)
  const ca =
    options.sslTruststoreCertificates ?? fileOf('ssl.truststore.location', options.sslTruststoreLocation, problem)
  const store = fileOf('ssl.keystore.location', options.sslKeystoreLocation, problem)
  const cert = options.sslKeystoreCertificateChain ?? store
  const key = options.sslKeystoreKey ?? store
  for (const [name, pem, kind] of [
    ['ssl.truststore', ca, 'CERTIFICATE'],
    ['ssl.keystore.certificate.chain', cert, 'CERTIFICATE'],
    ['ssl.keystore.key', key, 'PRIVATE KEY'],
  ] as const)
    if (pem !== undefined && !new RegExp(`-----BEGIN [A-Z ]*${kind}-----`).test(pem))
      problem(`${name}: expected PEM with a ${kind}, got something else.`)
  if ((cert === undefined) !== (key === undefined))
    problem(`ssl.keystore.certificate.chain and ${prefix}ssl.keystore.key: expected both or neither.`)
  if (problems.length > 0) throw new ConfigError(problems)
  return toMaterial({ ca, cert, key, passphrase: options.sslKeyPassword })
}

/** Replaces `\n` in the texts by line breaks: environment variables often hold PEM in this form. */
export function toMaterial(
  texts: Readonly<Record<'ca' | 'cert' | 'key' | 'passphrase', string | undefined>>,
): TlsMaterial {
  const unescaped = Object.entries(texts).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, name === 'passphrase' ? text : text.replaceAll('\\n', '\n')]],
  )
  return Object.fromEntries(unescaped) as TlsMaterial
}

function fileOf(setting: string, path: string | undefined, problem: Problem): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    problem(`${setting}: the file can't be read (${(error as NodeJS.ErrnoException).code}).`)
    return undefined
  }
}
