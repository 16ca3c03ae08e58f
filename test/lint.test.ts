// A check that can't fail proves nothing: lint must find the forbidden imports and the floating promise that are
// planted in a copy.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { architectureDocument } from '../scripts/architecture-docs.ts'
import { optionsSource, settingsDocument } from '../scripts/settings-docs.ts'

const FOLDERS = ['lib', 'functions', 'bin', 'local', 'scripts', 'bench', 'examples', 'test']

interface Result {
  readonly status: number | null
  readonly output: string
}

let copy = ''
before(() => {
  copy = mkdtempSync(join(tmpdir(), 'lint-'))
  for (const name of [...FOLDERS, 'package.json', 'tsconfig.json', 'biome.json'])
    cpSync(name, join(copy, name), { recursive: true, filter: path => !path.endsWith('node_modules') })
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'))
})
after(() => rmSync(copy, { recursive: true, force: true }))

function run(command: string, args: readonly string[]): Result {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: copy, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

const checkImports = () => run(process.execPath, ['scripts/check-imports.ts'])
const biome = () => run(resolve('node_modules/.bin/biome'), ['ci', 'lib'])

type Plant = readonly [file: string, line: string]

/** The result of `check` on the copy while each of these files ends with its line. */
function planted(check: () => Result, ...plants: readonly Plant[]): Result {
  const whole = new Map(plants.map(([file]) => [file, readFileSync(join(copy, file))]))
  for (const [file, line] of plants) appendFileSync(join(copy, file), `\n${line}\n`)
  try {
    return check()
  } finally {
    for (const [file, content] of whole) {
      cpSync(resolve(file), join(copy, file))
      assert.ok(readFileSync(join(copy, file)).equals(content))
    }
  }
}

test('the tree passes lint', () => {
  for (const check of [checkImports, biome]) assert.equal(check().status, 0, check().output)
})

const FORBIDDEN_IMPORTS: readonly [story: string, file: string, line: string, sentence: RegExp][] = [
  [
    'a stage imports another stage',
    'lib/partition/murmur2.ts',
    "import '../send/sender.ts'",
    /lib\/partition\/murmur2\.ts: imports \.\.\/send\/sender\.ts: lib\/partition may import code only of record, /,
  ],
  [
    'a stage imports the driver lazily',
    'lib/send/decide.ts',
    "export const driver = await import('kafkajs')",
    /lib\/send\/decide\.ts: imports kafkajs: only lib\/transport\/kafkajs may import kafkajs/,
  ],
  [
    'redrive exports from the sender',
    'lib/redrive/log-look-up.ts',
    "export { Sender } from '../send/sender.ts'",
    /lib\/redrive\/log-look-up\.ts: imports \.\.\/send\/sender\.ts: lib\/redrive may import code only of record, /,
  ],
  [
    'a function imports the local stack',
    'functions/create-services.ts',
    "import '../local/stack.ts'",
    /functions\/create-services\.ts: imports \.\.\/local\/stack\.ts: functions\/ may import only functions\/, lib\/$/m,
  ],
  [
    'the library takes a type from a function',
    'lib/record/topic-partition.ts',
    "export type { Services } from '../../functions/create-services.ts'",
    /lib\/record\/topic-partition\.ts: imports \S+: lib\/ may import only lib\/$/m,
  ],
  [
    'the command imports a script',
    'bin/output.ts',
    "import '../scripts/build.ts'",
    /bin\/output\.ts: imports \.\.\/scripts\/build\.ts: bin\/ may import only bin\/, lib\/$/m,
  ],
  [
    'a function imports another trigger',
    'functions/http/handle-http.ts',
    "import '../sqs/parse.ts'",
    /functions\/http\/handle-http\.ts: imports \S+: the function of one trigger may not import another's /,
  ],
  [
    'a function that is no batch source imports the rounds of one',
    'functions/eventbridge/handle-eventbridge.ts',
    "import '../batch/plan-round.ts'",
    /functions\/eventbridge\/handle-eventbridge\.ts: imports \S+: only the functions of batch sources \(sqs\) may /,
  ],
  [
    'the port of batch sources imports a source',
    'functions/batch/handle-batch.ts',
    "import '../sqs/parse.ts'",
    /functions\/batch\/handle-batch\.ts: imports \S+: the function of one trigger may not import another's /,
  ],
  [
    'two files import each other',
    'lib/send/decide.ts',
    "import './sender.ts'",
    /^lib\/send\/\S+: an import cycle: .*lib\/send\/decide\.ts/m,
  ],
  [
    'the library imports itself by the name of the package',
    'lib/delivery/record-fate.ts',
    "import 'serverless-kafka-producer'",
    /only examples\/ and test\/consumers\/ may import the package by its name/,
  ],
]
describe('every forbidden import is reported', () => {
  let found: Result
  before(() => {
    // All at once, as each is named by its file and line: a run of the check reads the whole tree.
    found = planted(checkImports, ...FORBIDDEN_IMPORTS.map(([, file, line]) => [file, line] as const))
  })
  for (const [story, , , sentence] of FORBIDDEN_IMPORTS)
    test(`${story}: refused`, () => assert.match(found.output, sentence))
  test('the check fails with a problem for each, and with no other', () => {
    assert.equal(found.status, 1)
    assert.match(found.output, new RegExp(`, ${FORBIDDEN_IMPORTS.length} forbidden imports$`, 'm'))
  })
})

test('an inline type import of another stage is allowed', () => {
  const line = "export type Later = import('../send/sender.ts').Sender"
  assert.equal(planted(checkImports, ['lib/partition/murmur2.ts', line]).status, 0)
})

test('a floating promise fails lint', () => {
  const line = 'async function forgotten(): Promise<void> {}\n\nexport function plant(): void {\n  forgotten()\n}'
  const { status, output } = planted(biome, ['lib/time/backoff.ts', line])
  assert.equal(status, 1)
  assert.match(output, /noFloatingPromises/)
})

test('docs/settings.md, the options and the drawing of docs/architecture.md are up to date', () => {
  assert.equal(readFileSync('lib/config/producer-options.ts', 'utf8'), optionsSource())
  assert.equal(readFileSync('docs/settings.md', 'utf8'), settingsDocument())
  assert.equal(readFileSync('docs/architecture.md', 'utf8'), architectureDocument())
})
