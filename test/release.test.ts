// A release publishes one file: the one that was tested, by a job that runs nothing else.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { type Manifest, releaseProblems } from '../scripts/check-release.ts'

interface Step {
  readonly uses?: string
  readonly run?: string
}
interface Job {
  readonly needs?: string | readonly string[]
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}
const workflow = (name: string) => parse(readFileSync(`.github/workflows/${name}.yml`, 'utf8')) as Workflow

const READY: Manifest = { version: '1.2.3', repository: { url: 'git+https://github.com/acme/producer.git' } }
const CHANGELOG = '# Changelog\n\n## [1.2.3]\n'

test('what package.json lacks for a release is listed', () => {
  const problemsOf = (change: object, tag: string | undefined = 'v1.2.3', repository = 'acme/producer') =>
    releaseProblems({ ...READY, ...change }, tag, CHANGELOG, repository).map(problem => problem.split(':')[0])
  assert.deepEqual(problemsOf({}), [])
  assert.deepEqual(problemsOf({ repository: 'github:acme/producer' }), [])
  assert.deepEqual(problemsOf({ private: true }), ['private'])
  assert.deepEqual(problemsOf({ repository: undefined }), ['repository'])
  assert.deepEqual(problemsOf({}, 'v1.2.3', 'fork/producer'), ['repository'])
  assert.deepEqual(problemsOf({}, 'v1.2.4'), ['version'])
  assert.deepEqual(problemsOf({ version: '1.2.4' }, 'v1.2.4'), ['CHANGELOG.md'])
  assert.deepEqual(
    releaseProblems(READY, undefined, CHANGELOG).map(problem => problem.split(':')[0]),
    ['tag'],
  )
})

test('npm run check-release prints what is missing, and its status says whether anything is', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
  for (const tag of [`v${manifest.version}`, 'v999.0.0']) {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/check-release.ts', tag], {
      env: { PATH: process.env.PATH },
      encoding: 'utf8',
    })
    const problems = releaseProblems(manifest, tag, readFileSync('CHANGELOG.md', 'utf8'))
    assert.deepEqual(stderr.split('\n').filter(Boolean), problems)
    assert.equal(status, problems.length > 0 ? 1 : 0)
  }
})

// One job had the right to publish and ran .ci/run: every package that a check installs could have published.
test('the job that may publish runs nothing but the comparison of the checksum and the publication', () => {
  const { permissions, jobs } = workflow('release')
  assert.deepEqual(permissions, { contents: 'read' })
  const { publish, ...others } = jobs
  assert.deepEqual(publish?.permissions, { 'id-token': 'write' })
  for (const job of Object.values(others)) assert.equal(job.permissions?.['id-token'], undefined)
  assert.equal(publish?.needs, 'test')
  const lines = publish?.steps.flatMap(({ run }) => (run ? [run] : [])) ?? []
  assert.equal(lines.length, 2)
  assert.match(lines[0] ?? '', /^echo "\$\{\{ needs\.test\.outputs\.sha512 \}\} .* \| sha512sum --check --strict$/)
  assert.match(
    lines[1] ?? '',
    /^npm publish "\.\/\$\{\{ needs\.test\.outputs\.file \}\}" --provenance .*--ignore-scripts$/,
  )
  assert.ok(!publish?.steps.some(({ uses }) => uses?.startsWith('actions/checkout')))
})

test('a release tests the file that it publishes, with its checksum before and after', () => {
  const lines = workflow('release').jobs.test?.steps.flatMap(({ run }) => (run ? [run] : [])) ?? []
  const at = (pattern: RegExp) => lines.findIndex(line => pattern.test(line))
  const order = [
    at(/check-release/),
    at(/npm pack[\s\S]*npm sbom[\s\S]*sha512=/),
    at(/PACKED_LIBRARY=/),
    at(/--check --strict/),
  ]
  assert.ok(!order.includes(-1), String(order))
  assert.deepEqual(
    order.toSorted((a, b) => a - b),
    order,
  )
  assert.match(readFileSync('test/consumers/run.ts', 'utf8'), /process\.env\.PACKED_LIBRARY/)
})

test('every action is named by its commit, and every Python package by its checksums', () => {
  for (const name of ['ci', 'release'])
    for (const { steps } of Object.values(workflow(name).jobs))
      for (const { uses } of steps) assert.match(uses ?? 'a/b@'.padEnd(44, '0'), /@[0-9a-f]{40}$/)
  const lists = globSync('.ci/python/*.txt')
  assert.equal(lists.length, 3)
  for (const list of lists) {
    const packages = readFileSync(list, 'utf8').split(/^(?=[a-z0-9])/im)
    assert.ok(packages.length > 10)
    for (const each of packages) assert.match(each, /^[\w.-]+(\[[\w,-]+\])?==[\s\S]*--hash=sha256:[0-9a-f]{64}/, list)
  }
  assert.match(readFileSync('.ci/run', 'utf8'), /--require-hashes/)
  assert.doesNotMatch(readFileSync('.ci/run', 'utf8'), /pip install (?!-q --require-hashes)/)
})
