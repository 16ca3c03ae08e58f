// The folder that `npm run package` writes: zips, template, osls's state, the SBOM, and a list of these files with
// their hashes, so that `npm run deploy -- --package` deploys exactly what was packaged.
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ConfigError } from '../../lib/errors.ts'
import { isJsonObject, parseJson } from '../../lib/record/json-object.ts'
import type { Target } from './osls.ts'

/** The folder that osls writes. */
export const BUILT_FOLDER = '.serverless'
export const COMPILED_TEMPLATE = 'cloudformation-template-update-stack.json'
const LIST = 'deployment.json'
const STATE = 'serverless-state.json'

/** The contents of deployment.json. */
interface PackageList extends Target {
  /** Whether it was packaged without the settings of a cluster, so that it is for reading and can't be deployed. */
  readonly isExample: boolean
  /** SHA-256 of each file, in hexadecimal. */
  readonly files: Readonly<Record<string, string>>
}

/** Writes the list of the files that osls wrote. */
export function writeList({ stage, region }: Target, isExample: boolean, folder = BUILT_FOLDER): void {
  const names = readdirSync(folder).filter(name => name !== LIST)
  const files = Object.fromEntries(names.sort().map(name => [name, sha256(join(folder, name))]))
  const list: PackageList = { stage, region, isExample, files }
  writeFileSync(join(folder, LIST), `${JSON.stringify(list, null, 2)}\n`)
}

/**
 * Checks that the folder is new or empty.
 * @throws ConfigError otherwise: a package is never changed, because a rollback may need it
 */
export function requireNewFolder(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new ConfigError([`--package ${folder}: expected a new or empty folder, got one with files.`])
}

export function keepPackage(folder: string): void {
  cpSync(BUILT_FOLDER, folder, { recursive: true })
}

/**
 * Checks a package.
 * @param expected the stage and region of the command; undefined: those of the package
 * @throws ConfigError for a folder that is not a complete package of this stage and region
 */
export function checkPackage(
  folder: string,
  expected: { readonly stage: string; readonly region: string | undefined },
): Target {
  const { stage, region, isExample, files } = readList(folder)
  const problems: string[] = []
  const at = `--package ${folder}`
  if (isExample)
    problems.push(`${at}: was packaged for an example cluster, as no settings named one; expected one for a cluster.`)
  if (stage !== expected.stage)
    problems.push(`${at}: was packaged for stage ${stage}, expected ${expected.stage} (--stage).`)
  if (expected.region !== undefined && region !== expected.region)
    problems.push(
      `${at}: was packaged for ${region}, expected ${expected.region} (--region, stage file or AWS_REGION).`,
    )
  for (const [name, hash] of Object.entries(files))
    if (!existsSync(join(folder, name))) problems.push(`${at}: is incomplete, ${name} is missing.`)
    else if (sha256(join(folder, name)) !== hash) problems.push(`${at}: ${name} was changed after it was packaged.`)
  if (problems.length > 0) throw new ConfigError(problems)
  return { stage, region }
}

function readList(folder: string): PackageList {
  const expected = 'expected a folder that npm run package wrote'
  if (!existsSync(folder)) throw new ConfigError([`--package ${folder}: ${expected}, but there is none.`])
  if (!existsSync(join(folder, LIST)))
    throw new ConfigError([`--package ${folder}: ${expected}, but it has no ${LIST}.`])
  const list = parseJson(readFileSync(join(folder, LIST), 'utf8'))
  if (isPackageList(list)) return list
  throw new ConfigError([`--package ${folder}: ${expected}, but its ${LIST} is not complete.`])
}

function isPackageList(list: unknown): list is PackageList {
  return (
    isJsonObject(list) &&
    typeof list.stage === 'string' &&
    typeof list.region === 'string' &&
    typeof list.isExample === 'boolean' &&
    isJsonObject(list.files) &&
    // A name must not be a path that leads out of the folder.
    Object.entries(list.files).every(([name, hash]) => typeof hash === 'string' && basename(name) === name) &&
    STATE in list.files
  )
}

interface State {
  readonly package: { readonly artifactDirectoryName: string }
  readonly service: {
    readonly service: string
    readonly provider: {
      readonly deploymentBucket?: string | null
      readonly deploymentBucketObject?: Record<string, unknown> | null
    }
  }
}

/** Returns the service name of a package that was checked. */
export function serviceOf(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, STATE), 'utf8')) as State).service.service
}

/**
 * Copies a package to a folder from which osls deploys it. The package gets a new key in the deployment bucket: osls
 * compares with the newest key, and keeps the five newest. Under its old key, an earlier package could be skipped as
 * unchanged, or deleted while it is deployed.
 * @returns the working folder for osls
 */
export function stagePackage(folder: string, now: Date): string {
  const working = 'build/deploy'
  rmSync(working, { recursive: true, force: true })
  mkdirSync(working, { recursive: true })
  const copy = join(working, BUILT_FOLDER)
  cpSync(folder, copy, { recursive: true })
  const state = JSON.parse(readFileSync(join(copy, STATE), 'utf8')) as State
  const key = state.package.artifactDirectoryName
  const newKey = key.replace(/[^/]+$/, `${now.getTime()}-${now.toISOString()}`)
  for (const name of readdirSync(copy).filter(name => name.endsWith('.json'))) {
    const file = join(copy, name)
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(key, newKey))
  }
  const { deploymentBucket, deploymentBucketObject } = state.service.provider
  writeConfiguration(working, state.service.service, { ...deploymentBucketObject, ...named(deploymentBucket) })
  return working
}

/**
 * Writes what osls needs in addition to a package's state, so that the deployment does not depend on the settings,
 * contracts and serverless.yml of the current folder.
 */
export function writeConfiguration(folder: string, service: string, deploymentBucket: Record<string, unknown>): void {
  mkdirSync(folder, { recursive: true })
  const provider = { name: 'aws', ...(Object.keys(deploymentBucket).length > 0 ? { deploymentBucket } : {}) }
  const configuration = { service, frameworkVersion: '4', provider, package: { individually: true } }
  writeFileSync(join(folder, 'serverless.json'), `${JSON.stringify(configuration, null, 2)}\n`)
}

function named(bucket: string | null | undefined): Record<string, unknown> {
  return bucket ? { name: bucket } : {}
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
