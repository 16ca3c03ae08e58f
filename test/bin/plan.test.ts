// plan: the sandboxes of a package, by its template.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { runCommand } from '../support/command.ts'
import { deploymentFrom, templateFrom } from '../support/contract-sets.ts'

const FEEDS = { orders: { http: true, queues: ['orders', 'returns', 'chat.fifo'] } } as const

/** A folder with the template of these parameters, as a package has it. */
function packageOf(t: TestContext, ...params: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'package-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const deployment = deploymentFrom(FEEDS, params)
  const template = templateFrom(deployment)
  const entries = deployment.functions.flatMap(({ id, alias, reservedConcurrency }) => {
    const { Type = '', Properties } = template.Resources[id] ?? {}
    const reserved = reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency }
    const ofOsls = { Type: 'AWS::Lambda::Alias', Properties: { FunctionName: { Ref: id }, Name: 'provisioned' } }
    const entry = [id, { Type, Properties: { ...Properties, ...reserved } }] as const
    return alias === undefined ? [entry] : [entry, [alias.id, ofOsls] as const]
  })
  const Resources = { ...template.Resources, ...Object.fromEntries(entries) }
  writeFileSync(join(folder, 'template.json'), JSON.stringify({ Resources }))
  return folder
}

const plan = (...args: string[]) => runCommand(['plan', ...args], {})
const sandboxesIn = (stdout: string) =>
  Object.fromEntries([...stdout.matchAll(/kafka-producer-dev-(\S+) +(\d+|no limit)/g)].map(([, ...row]) => row))

test('the sandboxes of a package: reserved concurrency, queues, ten per poller, one of redrive', async t => {
  const folder = packageOf(t, 'reservedConcurrency.http=50', 'maximumPollers.orders=20', 'provisionedConcurrency.sqs=2')
  const { status, stdout, stderr } = await plan('--package', folder)
  assert.equal(status, 0, stderr)
  assert.deepEqual(sandboxesIn(stdout), { http: '50', sqs: '210', 'sqs-fifo': '10', redrive: '1' })
  assert.match(stdout, /connections per broker +271 to 542/)
})

test('functions without a limit are those of --concurrency', async t => {
  const folder = packageOf(t)
  const without = await plan('--package', folder)
  assert.equal(without.status, 2)
  assert.match(without.stderr, /--concurrency: expected the concurrent sandboxes of kafka-producer-dev-http, which/)
  const { stdout, stderr } = await plan('--package', folder, '--concurrency', '100')
  assert.deepEqual(sandboxesIn(stdout), { http: 'no limit', sqs: '20', 'sqs-fifo': '10', redrive: '1' }, stderr)
  assert.match(stdout, /connections per broker +131 to 262/)
  const limited = await plan('--package', packageOf(t, 'reservedConcurrency.http=5'), '--concurrency', '100')
  assert.deepEqual([limited.status, /expected none, as every function/.test(limited.stderr)], [2, true])
})

test('a folder that is not a package, and neither a package nor a number, are usage errors', async () => {
  const folder = await plan('--package', 'docs')
  assert.equal(folder.status, 2)
  assert.match(folder.stderr, /--package docs: expected a folder that npm run package wrote, got no template/)
  const neither = await plan()
  assert.equal(neither.status, 2)
  assert.match(neither.stderr, /Expected --concurrency or --package, got neither/)
})

test('--instance: a type that MSK does not have is wrong usage, instead of the quota of another type', async () => {
  for (const type of ['t3.small', 'kafka.t3.smal', 'foo', 'kafka.m7g.small']) {
    const { status, stdout, stderr } = await plan('--concurrency', '10', '--instance', type)
    assert.deepEqual([status, stdout], [2, ''])
    assert.ok(stderr.includes(`--instance: expected a type of an MSK broker, such as kafka.t3.small`), stderr)
  }
  const small = await plan('--concurrency', '10', '--instance', 'kafka.t3.small')
  assert.match(small.stdout, /connections per broker .* 300/)
  const large = await plan('--concurrency', '10', '--instance', 'express.m7g.16xlarge')
  assert.match(large.stdout, /connections per broker .* 3000/)
})
