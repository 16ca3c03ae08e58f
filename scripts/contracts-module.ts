// Writes build/contracts.js, which has the contracts of a folder with their compiled validators. Bundles import it as
// `#contracts`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import standaloneModule from 'ajv/dist/standalone/index.js'
import type { Contract } from '../lib/contracts/contract.ts'
import { createAjv } from '../lib/contracts/create-ajv.ts'
import { type ContractFile, loadContracts, readContractFiles } from '../lib/contracts/load-contracts.ts'
import { RegistryCodec } from '../lib/schema-registry/registry-codec.ts'
import type { RegisteredSchema } from '../lib/schema-registry/schema-registry.ts'
import { RegistryCodecs } from './registry-codecs.ts'

const standaloneCode = standaloneModule as unknown as (ajv: unknown, names: Record<string, string>) => string

/** The file of the checks that list all violations of an invalid value. */
export const EXPLAINERS = 'explainers.mjs'

export interface ContractsModuleOptions {
  /** Default: `contracts`. */
  readonly folder?: string
  /** Default: `build`. */
  readonly outdir?: string
  /** Schemas that the build has loaded from a registry. Default: each container loads them itself. */
  readonly pins?: Pins | undefined
}

export type Part = 'key' | 'value'

/** Returns the pinned schema of a topic's values or keys, if there is one. */
export type Pins = (topic: string, part: Part) => RegisteredSchema | undefined

/**
 * Writes the module.
 * @throws Error with the problems of all contracts
 */
export async function writeContracts({
  folder = 'contracts',
  outdir = 'build',
  pins = () => undefined,
}: ContractsModuleOptions = {}): Promise<void> {
  const contracts = await loadContracts(folder)
  const files = readContractFiles(folder)
  const withSchema = files.filter(({ json }) => json.value?.schema !== undefined && json.value.schema !== true)
  mkdirSync(outdir, { recursive: true })
  const lib = `${relative(outdir, 'lib')}/`
  const codecs = new RegistryCodecs({ outdir, lib })
  const entries: string[] = []
  for (const { topic, json } of files) {
    const index = withSchema.findIndex(file => file.topic === topic)
    const check = index < 0 ? 'undefined' : `() => schemaCheck(validators.v${index}, () => explainers().v${index})`
    const contract = contracts.get(topic) as Contract
    const parts = await Promise.all(
      (['key', 'value'] as const).map(async part => {
        const { codec } = contract[part]
        return codec instanceof RegistryCodec ? `${part}: ${await codecs.codeOf(codec, pins(topic, part))}` : ''
      }),
    )
    const name = JSON.stringify(topic)
    const file = JSON.stringify(withoutSchemas(json, contract))
    const code = `parseContract(${name}, ${file}, ${check}, {${parts.filter(Boolean)}})`
    entries.push(`[${name}, ${code}],`)
  }
  const explainers = await validatorsOf(withSchema, true)
  writeFileSync(`${outdir}/validators.js`, await validatorsOf(withSchema, false))
  writeFileSync(`${outdir}/explainers.js`, [explainers, ...codecs.explainers, ''].join('\n'))
  const lines = [
    `import { schemaCheck } from '${lib}contracts/ajv-violations.ts'`,
    `import { parseContract } from '${lib}contracts/parse-contract.ts'`,
    "import * as validators from './validators.js'",
    "import { createRequire } from 'node:module'",
    ...codecs.lines,
    // Only an invalid value needs the explainers, so a cold start does not read them.
    `const explainers = () => createRequire(import.meta.url)(${JSON.stringify(`./${EXPLAINERS}`)})`,
    `export const contracts = new Map([\n${entries.join('\n')}\n])`,
  ]
  writeFileSync(`${outdir}/contracts.js`, `${lines.join('\n')}\n`)
}

/** Removes the schemas of a contract, because validators and codecs replace them. */
function withoutSchemas({ key, value, ...rest }: ContractFile['json'], contract: Contract): object {
  const { required, from } = contract.key
  const keyRest = contract.key.codec ? { required, from } : key
  if (contract.value.codec instanceof RegistryCodec) return { ...rest, key: keyRest }
  const hasSchema = value?.schema !== undefined && value.schema !== true
  return { ...rest, key: keyRest, value: { ...value, ...(hasSchema ? { schema: {} } : {}) } }
}

/** Returns the standalone code of each schema as `v0`, `v1` … */
async function validatorsOf(files: readonly ContractFile[], allErrors: boolean): Promise<string> {
  if (files.length === 0) return ''
  const ajv = await createAjv(allErrors)
  for (const { topic, json } of files) ajv.addSchema(json.value?.schema as object, `contract:${topic}`)
  return standaloneCode(ajv, Object.fromEntries(files.map(({ topic }, index) => [`v${index}`, `contract:${topic}`])))
}
