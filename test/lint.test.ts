// A check that can't fail proves nothing: one forbidden import and one floating promise are planted in a copy, and lint must say so.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { architectureDocument } from '../scripts/architecture-docs.ts'
import { settingsDocument } from '../scripts/settings-docs.ts'

let copy = ''
before(() => {
  copy = mkdtempSync(join(tmpdir(), 'lint-'))
  for (const name of ['lib', 'functions', 'scripts', 'package.json', 'tsconfig.json', 'biome.json'])
    cpSync(name, join(copy, name), { recursive: true })
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'))
})
after(() => rmSync(copy, { recursive: true, force: true }))

function lint(): { status: number | null; output: string } {
  const biome = spawnSync(resolve('node_modules/.bin/biome'), ['ci', 'lib'], { cwd: copy, encoding: 'utf8' })
  const imports = spawnSync(process.execPath, ['scripts/check-imports.ts'], { cwd: copy, encoding: 'utf8' })
  return {
    status: Math.max(biome.status ?? 1, imports.status ?? 1),
    output: biome.stdout + biome.stderr + imports.stderr,
  }
}

function planted(file: string, line: string): { status: number | null; output: string } {
  const path = join(copy, file)
  const whole = readFileSync(path)
  appendFileSync(path, line)
  try {
    return lint()
  } finally {
    cpSync(resolve(file), path)
    assert.ok(readFileSync(path).equals(whole))
  }
}

test('the tree as it is passes lint', () => {
  assert.equal(lint().status, 0, lint().output)
})

test('a stage that imports another stage fails lint', () => {
  const { status, output } = planted('lib/partition/murmur2.ts', "\nexport { Sender } from '../send/sender.ts'\n")
  assert.equal(status, 1)
  assert.match(output, /lib\/partition\/murmur2\.ts: imports \.\.\/send\/sender\.ts/)
})

test('kafkajs imported outside its driver fails lint', () => {
  assert.match(
    planted('lib/send/partition-state.ts', "\nexport { Kafka } from 'kafkajs'\n").output,
    /only lib\/transport\/kafkajs may import kafkajs/,
  )
})

test('a floating promise fails lint', () => {
  const { status, output } = planted(
    'lib/time/backoff.ts',
    '\nasync function forgotten(): Promise<void> {}\n\nexport function plant(): void {\n  forgotten()\n}\n',
  )
  assert.equal(status, 1)
  assert.match(output, /noFloatingPromises/)
})

test('docs/settings.md and the drawing of docs/architecture.md are what their scripts give', () => {
  assert.equal(readFileSync('docs/settings.md', 'utf8'), settingsDocument())
  assert.equal(readFileSync('docs/architecture.md', 'utf8'), architectureDocument())
})
