// The modules in a function's bundle. A function that only writes dead letters has no code that reads them back.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Metafile } from 'esbuild'
import { functionNames, readAtStart } from '../scripts/build.ts'
import { importsOf } from '../scripts/imports.ts'
import { ERRORS_OF_KAFKAJS, OF_OTHER_REQUESTS } from '../scripts/without-unused-kafkajs.ts'
import { bundleOf } from './support/bundles.ts'

const READERS = /^lib\/(dead-letter\/(\w+\/store|store-kinds|dead-letter-store)\.ts|redrive\/|doctor\/)/
const STORE = /^lib\/dead-letter\/\w+\/store\.ts$/
const TARGET = /^lib\/dead-letter\/\w+\/target\.ts$/

async function outputsOf(name: string): Promise<Metafile['outputs']> {
  return (await bundleOf(name)).metafile.outputs
}

/** The source files whose code is in these files of a bundle. */
function modulesIn(outputs: Metafile['outputs'], files: Iterable<string> = Object.keys(outputs)): string[] {
  const inputs = [...files].flatMap(file => Object.entries(outputs[file]?.inputs ?? {}))
  return [...new Set(inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path))]
}

/** KiB of code, without contracts. That of redrive is higher, because no caller waits for its start. */
const MAX_START_KIB: Readonly<Record<string, number>> = { redrive: 388 }
const MAX_START_KIB_OF_OTHERS = 347

for (const name of functionNames())
  test(`${name}: a cold start reads little code`, async () => {
    const { outputs } = (await bundleOf(name, undefined, true)).metafile
    const bytes = [...readAtStart(name, outputs)].reduce((sum, file) => sum + (outputs[file]?.bytes ?? 0), 0)
    assert.ok(bytes <= (MAX_START_KIB[name] ?? MAX_START_KIB_OF_OTHERS) * 1024, `${bytes} bytes`)
  })

for (const name of functionNames().filter(each => each !== 'redrive'))
  test(`${name}: every target is loaded at the start; nothing that reads dead letters is in the bundle`, async () => {
    const outputs = await outputsOf(name)
    assert.equal(modulesIn(outputs, readAtStart(name, outputs)).filter(path => TARGET.test(path)).length, 6)
    const readers = modulesIn(outputs).filter(path => READERS.test(path))
    assert.deepEqual(readers, [])
  })

for (const name of functionNames())
  test(`${name}: a cold start does not load Node’s WebSocket, which an import of node:http does`, async () => {
    const outputs = await outputsOf(name)
    const imports = [...readAtStart(name, outputs)].flatMap(file => outputs[file]?.imports ?? [])
    assert.deepEqual(
      imports.filter(({ path, kind }) => /^node:https?$/.test(path) && kind === 'import-statement'),
      [],
    )
  })

test('redrive: every store is in its own chunk, which is loaded on use', async () => {
  const outputs = await outputsOf('redrive')
  assert.equal(modulesIn(outputs).filter(path => STORE.test(path)).length, 6)
  assert.deepEqual(
    modulesIn(outputs, readAtStart('redrive', outputs)).filter(path => STORE.test(path)),
    [],
  )
})

test('a bundle contains only the authentication codes of kafkajs’s error codes', async () => {
  const outputs = await outputsOf('http')
  const inputs = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))
  const bytes = inputs.find(([path]) => path.endsWith('kafkajs/src/protocol/error.js'))?.[1].bytesInOutput ?? 0
  assert.ok(bytes > 0 && bytes < 2048, `error.js: ${bytes} bytes`)
})

test('a bundle contains only the kafkajs errors that its modules use', async () => {
  const outputs = await outputsOf('http')
  const modules = modulesIn(outputs).filter(path => path.includes('/kafkajs/src/'))
  const taken = modules.flatMap(path => {
    const [, names = ''] = /const \{([^}]*)\} = require\('[./]*\/errors'\)/.exec(readFileSync(path, 'utf8')) ?? []
    return names.match(/\w+/g) ?? []
  })
  assert.deepEqual([...ERRORS_OF_KAFKAJS].sort(), [...new Set([...taken, 'KafkaJSError'])].sort())
})

for (const name of ['http', 'redrive'])
  test(`${name}: nothing calls a method that the bundle leaves out of the encoder and decoder of kafkajs`, async () => {
    const { metafile, outputFiles = [] } = await bundleOf(name)
    const atStart = [...readAtStart(name, metafile.outputs)]
    const texts = outputFiles.filter(({ path }) => atStart.some(file => path.endsWith(file))).map(({ text }) => text)
    assert.equal(texts.length, atStart.length)
    const methods = texts.flatMap(text => [...text.matchAll(/\.((?:write|read|sizeOf|encode)[A-Z]\w*)\(/g)])
    const names = new Set(methods.map(([, method = '']) => method))
    assert.ok(names.has('writeEncoder') && names.has('readInt64'))
    // Methods of Buffer.
    const isOfBuffer = (method: string) => /[BL]E$/.test(method)
    assert.deepEqual(
      [...names].filter(method => OF_OTHER_REQUESTS.test(method) && !isOfBuffer(method)),
      [],
    )
  })

test('no function’s bundle contains texts about packages that are not installed', async () => {
  const { outputFiles = [] } = await bundleOf('http')
  assert.ok(outputFiles.length > 0)
  assert.deepEqual(
    outputFiles.filter(({ text }) => text.includes('needs packages that are not installed')).map(({ path }) => path),
    [],
  )
})

test('what a bundle imports lazily has its names, or goes through importCommonJs', async () => {
  // The original bug: both parsers of settings files had only `default`, so no function could read a settings file.
  const outputs = await outputsOf('http')
  const withoutNames = Object.values(outputs).flatMap(({ entryPoint, exports }) =>
    entryPoint !== undefined && exports.length === 1 && exports[0] === 'default' ? [entryPoint] : [],
  )
  assert.deepEqual(withoutNames.map(path => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).sort(), [
    'aws-msk-iam-sasl-signer-js',
    'dot-properties',
    'yaml',
  ])
  const importing = modulesIn(outputs).filter(path => path.startsWith('lib/'))
  for (const path of importing)
    for (const { target } of importsOf(path)) {
      const isWithoutNames = withoutNames.some(entry => entry.includes(`node_modules/${target}/`))
      if (isWithoutNames)
        assert.match(readFileSync(path, 'utf8'), new RegExp(`importCommonJs\\(\\s*import\\('${target}'\\)`), path)
    }
})
