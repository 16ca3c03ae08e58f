// Handles files that settings name. A function has the files of its package, of Lambda's image, of a layer and of its
// file system. So a file of this machine is either put into the package, or refused.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import { normalize } from 'node:path/posix'
import { isPath } from '../../lib/config/class-names.ts'
import { SETTINGS } from '../../lib/config/settings.ts'
import { ConfigError } from '../../lib/errors.ts'
import { TlsFiles } from '../../lib/security/pem.ts'
import type { Expression } from './deployment-model.ts'
import { isMounted } from './file-system.ts'
import type { DeployOptions } from './options.ts'

/** The folder to which Lambda extracts a package. */
const TASK_FOLDER = '/var/task/'
const FILES_FOLDER = 'dist/files'
/** The folders of Lambda's image. */
const IMAGE_FOLDERS = ['/var/runtime/', '/etc/']

/**
 * `certificate`, `text`: public, so it may be in a package, which everybody can read who may read a function's code.
 * `secret`: a private key or a token. `module`: code, which may import more files. Settings that are not in this table
 * name no file.
 */
const KINDS = {
  sslTruststoreLocation: 'certificate',
  schemaRegistrySslTruststoreLocation: 'certificate',
  saslOauthbearerAssertionTemplateFile: 'text',
  sslKeystoreLocation: 'secret',
  schemaRegistrySslKeystoreLocation: 'secret',
  saslOauthbearerAssertionFile: 'secret',
  saslOauthbearerAssertionPrivateKeyFile: 'secret',
  saslOauthbearerTokenEndpointUrl: 'secret',
  partitionerClass: 'module',
  keySerializer: 'module',
  valueSerializer: 'module',
  oauthBearerTokenProvider: 'module',
} as const

export const FILE_SETTINGS = Object.keys(KINDS) as (keyof typeof KINDS)[]

interface PackagedFile {
  readonly path: string
  readonly content: Uint8Array
}

type Places = Pick<DeployOptions, 'efsAccessPointArn' | 'efsMountPath' | 'layers'>

/**
 * Finds the files.
 * @returns the environment with the paths that the files have in a function, and the files that go into a package
 * @throws ConfigError for a file that a function would not have, or that must not be in a package
 */
export function packagedFiles(
  env: NodeJS.ProcessEnv,
  options: Places,
): { readonly env: NodeJS.ProcessEnv; readonly files: readonly PackagedFile[] } {
  const problems: string[] = []
  const files: PackagedFile[] = []
  const paths: Record<string, string> = {}
  for (const option of FILE_SETTINGS) {
    const { name, env: variable } = SETTINGS[option]
    const file = fileNamed(option, env[variable])
    if (file === undefined || isInFunction(file, options)) continue
    const content = contentOf(option, file, problem => problems.push(`${variable}: ${problem}`))
    if (content === undefined) continue
    const path = `${FILES_FOLDER}/${name}${extname(file)}`
    files.push({ path, content })
    paths[variable] = `${TASK_FOLDER}${path}`
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return { env: { ...env, ...paths }, files }
}

/** Writes the files to the folder where the packager finds them. */
export function writePackagedFiles(files: readonly PackagedFile[]): void {
  rmSync(FILES_FOLDER, { recursive: true, force: true })
  mkdirSync(FILES_FOLDER, { recursive: true })
  for (const { path, content } of files) writeFileSync(path, content)
}

/** Returns the packaged files that an environment names. */
export function packagedPaths(environment: Readonly<Record<string, Expression>>): string[] {
  return Object.values(environment).flatMap(value =>
    typeof value === 'string' && value.startsWith(TASK_FOLDER) ? [value.slice(TASK_FOLDER.length)] : [],
  )
}

/** @returns undefined for a value that names no file, such as the name of a serializer or a URL */
function fileNamed(option: keyof typeof KINDS, value: string | undefined): string | undefined {
  if (!value) return undefined
  const isFile =
    KINDS[option] === 'module' ? isPath(value) : option !== 'saslOauthbearerTokenEndpointUrl' || /^file:/i.test(value)
  return isFile ? value.replace(/^file:(\/\/(?=\/))?/i, '') : undefined
}

function isInFunction(file: string, options: Places): boolean {
  const path = normalize(file)
  return (
    IMAGE_FOLDERS.some(folder => path.startsWith(folder)) ||
    (options.layers.length > 0 && path.startsWith('/opt/')) ||
    isMounted(path, options)
  )
}

const ELSEWHERE = 'in a layer (/opt/…, --param layers) or on the file system (--param efsAccessPointArn)'

function contentOf(option: keyof typeof KINDS, path: string, problem: (text: string) => void): Uint8Array | undefined {
  const kind = KINDS[option]
  if (kind === 'module')
    problem(`expected a module ${ELSEWHERE}, because the package has no code but this project’s; got ${path}.`)
  if (kind === 'secret')
    problem(
      'expected the value in KAFKA_SECRET_ARN where it has a field for it, or a file on the file system (--param ' +
        `efsAccessPointArn), as everybody who may read a function's code can read its package; got ${path}.`,
    )
  if (kind === 'module' || kind === 'secret') return undefined
  try {
    if (kind === 'certificate') new TlsFiles({ ...NO_TLS, sslTruststoreLocation: path })
    const content = readFileSync(path)
    if (!content.includes('PRIVATE KEY-----')) return content
    problem(`expected no private key in a file that travels in the package; got one in ${path}.`)
  } catch (error) {
    const reason =
      error instanceof ConfigError
        ? error.problems.join(' ')
        : `can't be read (${(error as NodeJS.ErrnoException).code})`
    problem(
      `expected a file of this machine, which travels in the package, or one ${ELSEWHERE}; got ${path}: ${reason}`,
    )
  }
  return undefined
}

const NO_TLS = {
  sslTruststoreCertificates: undefined,
  sslKeystoreCertificateChain: undefined,
  sslKeystoreKey: undefined,
  sslKeystoreLocation: undefined,
  sslKeyPassword: undefined,
}
