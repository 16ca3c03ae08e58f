// TLS material from values or files, read once when the producer is created, so that a wrong file shows during init.
import { readFileSync } from 'node:fs'
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

/** @throws ConfigError */
export function readTlsMaterial(options: TlsOptions): TlsMaterial {
  const problems: string[] = []
  const problem: Problem = text => problems.push(text)
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
    problem('ssl.keystore.certificate.chain and ssl.keystore.key: expected both or neither.')
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
