// The type declarations of the package: a TypeScript project compiles without skipLibCheck and without the optional
// packages, so a declaration that an entry point reaches names no other package.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { before, test } from 'node:test'
import { temporaryFolder } from '../local/processes.ts'

const folder = temporaryFolder()

before(() => {
  const tsc = 'node_modules/typescript/bin/tsc'
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', folder], { stdio: 'inherit' })
})

/** @returns the packages that the declarations name, each with the first file that does */
function packagesNamed(entry: string): string[] {
  const files = new Set([join(folder, entry)])
  const packages = new Map<string, string>()
  for (const file of files) {
    const code = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '')
    for (const [, target = ''] of code.matchAll(/(?:\bfrom |\bimport |\bimport\()['"]([^'"]+)['"]/g)) {
      if (target.startsWith('.')) files.add(join(dirname(file), target.replace(/\.[jt]s$/, '.d.ts')))
      else if (!target.startsWith('node:') && !packages.has(target)) packages.set(target, relative(folder, file))
    }
  }
  assert.ok(files.size > 5, `${entry} reaches ${files.size} files`)
  return [...packages].map(([name, file]) => `${name} (${file})`).sort()
}

test('no public declaration names a type of kafkajs, of an AWS client or of another package', () => {
  assert.deepEqual(packagesNamed('lib/index.d.ts'), [])
  assert.deepEqual(packagesNamed('lib/testing/index.d.ts'), [])
  assert.deepEqual(packagesNamed('lib/consumer/index.d.ts'), [])
  assert.deepEqual(packagesNamed('lib/schema-registry/index.d.ts'), [])
})

test('the declarations of the middleware name middy and the types of Lambda alone', () => {
  const middleware = 'lib/lambda/kafka-producer-middleware.d.ts'
  assert.deepEqual(packagesNamed('lib/middy.d.ts'), [`@middy/core (${middleware})`, `aws-lambda (${middleware})`])
})

// TypeScript 6 and newer load no types by themselves: without it a project would have to list `node` in `types`.
test('every entry point asks for the types of Node', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, { types: string }> }
  for (const { types } of Object.values(exports))
    assert.match(readFileSync(join(folder, types.replace('dist/', '')), 'utf8'), /^\/\/\/ <reference types="node"/)
})
