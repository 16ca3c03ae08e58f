// The modules in a function's bundle. A function that only writes dead letters has no code that reads them back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build, type Metafile, type Plugin } from 'esbuild'
import { functionBuild, functionNames, readAtStart } from '../scripts/build.ts'

const READERS = /^lib\/(dead-letter\/(\w+\/store|store-kinds|dead-letter-store)\.ts|redrive\/|doctor\/)/
const STORE = /^lib\/dead-letter\/\w+\/store\.ts$/
const TARGET = /^lib\/dead-letter\/\w+\/target\.ts$/

/** Without contracts, so that no build step has to run before. */
const NO_CONTRACTS: Plugin = {
  name: 'no contracts',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^#contracts$/ }, () => ({ path: 'none', namespace: 'contracts' }))
    onLoad({ filter: /.*/, namespace: 'contracts' }, () => ({ contents: 'export const contracts = new Map()' }))
  },
}

async function outputsOf(name: string): Promise<Metafile['outputs']> {
  const options = functionBuild(name)
  const { metafile } = await build({
    ...options,
    alias: {},
    plugins: [...options.plugins, NO_CONTRACTS],
    minify: false,
    sourcemap: false,
    write: false,
  })
  return metafile.outputs
}

/** The source files whose code is in these files of a bundle. */
function modulesIn(outputs: Metafile['outputs'], files: Iterable<string> = Object.keys(outputs)): string[] {
  const inputs = [...files].flatMap(file => Object.entries(outputs[file]?.inputs ?? {}))
  return [...new Set(inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path))]
}

for (const name of functionNames().filter(each => each !== 'redrive'))
  test(`${name}: every target is loaded at the start; nothing that reads dead letters is in the bundle`, async () => {
    const outputs = await outputsOf(name)
    assert.equal(modulesIn(outputs, readAtStart(name, outputs)).filter(path => TARGET.test(path)).length, 6)
    const readers = modulesIn(outputs).filter(path => READERS.test(path))
    assert.deepEqual(readers, [])
  })

test('redrive: every store is in its own chunk, which is loaded on use', async () => {
  const outputs = await outputsOf('redrive')
  assert.equal(modulesIn(outputs).filter(path => STORE.test(path)).length, 6)
  assert.deepEqual(
    modulesIn(outputs, readAtStart('redrive', outputs)).filter(path => STORE.test(path)),
    [],
  )
})

test('of the error codes of kafkajs, a bundle has those of authentication', async () => {
  const outputs = await outputsOf('http')
  const inputs = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))
  const bytes = inputs.find(([path]) => path.endsWith('kafkajs/src/protocol/error.js'))?.[1].bytesInOutput ?? 0
  assert.ok(bytes > 0 && bytes < 2048, `error.js: ${bytes} bytes`)
})
