// Contracts → standalone validators → one ESM bundle per function in dist/functions/<name>/index.mjs.
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import standaloneModule from 'ajv/dist/standalone/index.js'
import { build } from 'esbuild'
import { createAjv, loadContracts, readContractFiles } from './load-contracts.ts'

const standaloneCode = standaloneModule as unknown as (ajv: unknown, names: Record<string, string>) => string
// kafkajs is CommonJS and requires Node's own modules.
const REQUIRE = "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);"

export async function buildAll(log: (line: string) => void = console.log): Promise<void> {
  writeContracts()
  for (const name of readdirSync('functions').filter(name => existsSync(`functions/${name}/handler.ts`))) {
    await build({
      entryPoints: { index: `functions/${name}/handler.ts` },
      outdir: `dist/functions/${name}`,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node22',
      format: 'esm',
      mainFields: ['module', 'main'],
      alias: { '#contracts': './build/contracts.js' },
      legalComments: 'none',
      sourcemap: 'linked',
      sourcesContent: false,
      banner: { js: REQUIRE },
      logLevel: 'warning',
    })
    log(`dist/functions/${name}/index.mjs ${Math.round(statSync(`dist/functions/${name}/index.mjs`).size / 1024)} KiB`)
  }
}

/** build/contracts.js: the contracts with their compiled checks; what `#contracts` is inside a bundle. */
function writeContracts(): void {
  loadContracts() // every problem of a contract shows here
  const ajv = createAjv()
  const files = readContractFiles('contracts')
  const withSchema = files.filter(({ json }) => json.value?.schema !== undefined && json.value.schema !== true)
  for (const { topic, json } of withSchema) ajv.addSchema(json.value?.schema as object, `contract:${topic}`)
  mkdirSync('build', { recursive: true })
  writeFileSync(
    'build/validators.js',
    withSchema.length > 0 ? standaloneCode(ajv, Object.fromEntries(withSchema.map(({ topic }, index) => [`v${index}`, `contract:${topic}`]))) : '',
  )
  const entries = files.map(({ topic, json }) => {
    const index = withSchema.findIndex(file => file.topic === topic)
    const contract = { ...json, value: { ...json.value, ...(index < 0 ? {} : { schema: {} }) } }
    return `[${JSON.stringify(topic)}, parseContract(${JSON.stringify(topic)}, ${JSON.stringify(contract)}, () => schemaCheck(validators.v${index}))],`
  })
  const lines = [
    "import { schemaCheck } from '../lib/validate/ajv-violations.ts'",
    "import { parseContract } from '../lib/validate/parse-contract.ts'",
    "import * as validators from './validators.js'",
    `export const contracts = new Map([\n${entries.join('\n')}\n])`,
  ]
  writeFileSync('build/contracts.js', `${lines.join('\n')}\n`)
}

if (import.meta.main) await buildAll()
