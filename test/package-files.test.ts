// The packed files: their documents and source maps refer only to files in the package.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../local/processes.ts'
import { buildLibrary } from '../scripts/build.ts'

const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' })
const [{ files }] = JSON.parse(packed) as [{ files: readonly { path: string }[] }]
const paths = new Set(files.map(({ path }) => path))
const isPacked = (path: string) => paths.has(path) || [...paths].some(each => each.startsWith(`${path}/`))

test('every relative link of a packed document leads to a packed file', () => {
  const documents = [...paths].filter(path => path.endsWith('.md'))
  const broken = documents.flatMap(document =>
    [...readFileSync(document, 'utf8').matchAll(/\]\(([^)\s#:]+)(?:#[^)]*)?\)/g)]
      .map(([, target = '']) => join(dirname(document), target).replace(/\/$/, ''))
      .filter(path => !isPacked(path))
      .map(path => `${document}: ${path}`),
  )
  assert.ok(documents.length > 20, `${documents.length} documents`)
  assert.deepEqual(broken, [])
})

test('the page about installing names every optional package', () => {
  const { peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  const page = readFileSync('docs/installing.md', 'utf8')
  assert.deepEqual(
    Object.keys(peerDependencies).filter(name => !page.includes(`\`${name}\``)),
    [],
  )
})

test('of the tests only that of the CDK example is packed, which its package.json runs', () => {
  assert.deepEqual(
    [...paths].filter(path => /\.(test|contract|browser|ric)\.ts$|^test\//.test(path)),
    ['examples/cdk/stack.test.ts'],
  )
})

test('examples are packed without what building them makes', () => {
  const made = [...paths].filter(path => /^examples\/.*(node_modules|cdk\.out|\/dist\/|\.tgz$)/.test(path))
  assert.ok(isPacked('examples/program/send.ts'))
  assert.deepEqual(made, [])
})

test('the JSON Schemas that an editor needs for contracts and stages are packed', () => {
  assert.ok(isPacked('schemas/contract.schema.json'))
  assert.ok(isPacked('schemas/stage.schema.json'))
})

test('every module of the library has a source map, with its sources inside', async () => {
  const folder = temporaryFolder()
  await buildLibrary(folder)
  const modules = globSync(`${folder}/**/*.js`)
  assert.ok(modules.length > 10, `${modules.length} modules`)
  for (const path of modules) {
    assert.ok(
      readFileSync(path, 'utf8')
        .trimEnd()
        .endsWith(`//# sourceMappingURL=${basename(path)}.map`),
      path,
    )
    const { sources, sourcesContent } = JSON.parse(readFileSync(`${path}.map`, 'utf8'))
    assert.equal(sourcesContent.filter((text: unknown) => typeof text === 'string').length, sources.length, path)
  }
})
