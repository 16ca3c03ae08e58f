// Loads contracts/<topic>.json at run time, for programs, the command and the local stack.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import { VALUE_FORMATS } from '../serialize/formats/value-formats.ts'
import type { Contract, Contracts, SchemaCompiler } from './contract.ts'
import { type ContractParts, parseContract } from './parse-contract.ts'
import { eventPatternProblem } from './parse-event-pattern.ts'
import { claimsTwice } from './route.ts'
import { createSchemaCompiler } from './schema-compiler.ts'

export interface ContractFile {
  readonly topic: string
  readonly json: Record<string, unknown> & {
    value?: { schema?: unknown; format?: unknown }
    key?: { format?: unknown }
  }
}

/**
 * Reads every `<topic>.json` of a folder, in the order of their names. Their content is not checked yet.
 * @throws ConfigError when the folder can't be read
 */
export function readContractFiles(folder: string): ContractFile[] {
  return filesIn(folder)
    .filter(name => name.endsWith('.json'))
    .sort()
    .map(name => ({ topic: basename(name, '.json'), json: readJson(join(folder, name)) }))
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new ConfigError(
      [`${folder}: expected a folder with a file <topic>.json per topic; it can't be read (${code}).`],
      {
        cause,
      },
    )
  }
}

function readJson(path: string): ContractFile['json'] {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(`${path}: expected JSON, got something else (${(error as Error).message}).`)
  }
}

/**
 * Loads the contracts of a folder and compiles their schemas. Needs the packages ajv and ajv-formats, and recheck where
 * a schema has patterns.
 * @throws Error listing what is wrong with a contract, or naming the package that is not installed
 */
export async function loadContracts(folder = 'contracts'): Promise<Contracts> {
  const files = readContractFiles(folder)
  const compile = await createSchemaCompiler({ schemas: files.map(({ json }) => json.value?.schema) })
  const formats = await registryFormats(files)
  return toContracts(files, compile, { formats, readSchema: path => readFileSync(resolve(folder, path), 'utf8') })
}

/** Formats of registries are imported only if a file names one. */
async function registryFormats(files: readonly ContractFile[]): Promise<ContractParts['formats']> {
  const isOther = ({ json: { key, value } }: ContractFile) =>
    key?.format !== undefined || !Object.hasOwn(VALUE_FORMATS, String(value?.format ?? 'json'))
  return files.some(isOther) ? (await import('../schema-registry/codec-parts.ts')).CONTRACT_FORMATS : undefined
}

/** @throws Error listing what is wrong with a contract */
export function toContracts(
  files: readonly ContractFile[],
  compile: SchemaCompiler,
  parts: Pick<ContractParts, 'formats' | 'readSchema'> = {},
): Contracts {
  const contracts = new Map(
    files.map(({ topic, json }): [string, Contract] => [
      topic,
      parseContract(topic, json, schema => compile(topic, schema), { ...parts, checkPattern: eventPatternProblem }),
    ]),
  )
  const problems = claimsTwice(contracts)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return contracts
}
