// contracts/*.json → Contracts, with their schemas compiled by Ajv. For the build, local tools and tests; functions get the
// standalone code that scripts/build.ts makes of it, so that nothing is compiled at a cold start.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import { schemaCheck } from '../lib/validate/ajv-violations.ts'
import type { Contract, Contracts } from '../lib/validate/contract.ts'
import { parseContract } from '../lib/validate/parse-contract.ts'
import { claimsTwice } from '../lib/validate/route.ts'

const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => void

export interface ContractFile {
  readonly topic: string
  readonly json: Record<string, unknown> & { value?: { schema?: unknown } }
}

/** `strict: 'log'`: strict mode refuses such natural schemas as one with a union type. */
export function createAjv(): Ajv2020 {
  const ajv = new Ajv2020({ strict: 'log', allErrors: true, logger: false, code: { source: true, esm: true } })
  addFormats(ajv)
  return ajv
}

export function readContractFiles(folder: string): ContractFile[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.json'))
    .sort()
    .map(name => ({ topic: basename(name, '.json'), json: readJson(join(folder, name)) }))
}

function readJson(path: string): ContractFile['json'] {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(`${path}: expected JSON, got something else (${(error as Error).message}).`)
  }
}

/** @throws Error listing what is wrong with a contract */
export function loadContracts(folder = 'contracts'): Contracts {
  return toContracts(readContractFiles(folder))
}

/** @throws Error listing what is wrong with a contract */
export function toContracts(files: readonly ContractFile[]): Contracts {
  const ajv = createAjv()
  const contracts = new Map(
    files.map(({ topic, json }): [string, Contract] => [
      topic,
      parseContract(topic, json, schema => compile(ajv, topic, schema)),
    ]),
  )
  const problems = claimsTwice(contracts)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return contracts
}

function compile(ajv: Ajv2020, topic: string, schema: unknown) {
  const slow = slowPatterns(schema)
  if (slow.length > 0)
    throw new Error(
      `contracts/${topic}.json: value.schema: expected patterns that take linear time, got ${slow.join(', ')}, which a short text can keep busy for hours.`,
    )
  try {
    return schemaCheck(ajv.compile(schema as object) as ValidateFunction)
  } catch (error) {
    throw new Error(`contracts/${topic}.json: value.schema: ${(error as Error).message}`)
  }
}

/** Patterns of a schema that a text made for it could keep busy (ReDoS). The checker is loaded only where there is a pattern. */
function slowPatterns(schema: unknown): string[] {
  const patterns = [...patternsIn(schema)]
  if (patterns.length === 0) return []
  const { checkSync } = createRequire(import.meta.url)('recheck') as typeof import('recheck')
  return patterns.filter(pattern => checkSync(pattern, 'u').status === 'vulnerable')
}

function* patternsIn(schema: unknown): Generator<string> {
  if (typeof schema !== 'object' || schema === null) return
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'pattern' && typeof value === 'string') yield value
    if (name === 'patternProperties' && typeof value === 'object' && value !== null) yield* Object.keys(value)
    yield* patternsIn(value)
  }
}
