// npm run verify:aws on an account in memory: each check detects its problem, and the stack is always removed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StackResource } from '../../scripts/deployment/remove.ts'
import type { Account } from '../../scripts/verify-aws/account.ts'
import { CHECKS } from '../../scripts/verify-aws/checks.ts'
import { verify } from '../../scripts/verify-aws/verify.ts'

const ID = '123456789012'
const KEYS = ['http', 'sqs', 'sqs-fifo', 'eventbridge', 'redrive']
const resource = (type: string, logicalId: string, physicalId: string, isRetained = false): StackResource => ({
  logicalId,
  type,
  physicalId,
  isRetained,
})
const STACK = {
  outputs: { HttpApiUrl: 'https://api' },
  resources: [
    ...KEYS.map(key => resource('AWS::Lambda::Function', key, `kafka-producer-verify-${key}`)),
    ...['EarthquakesQueue', 'ChatFifoQueue'].map(id => resource('AWS::SQS::Queue', id, id)),
    resource('AWS::SQS::Queue', 'DeadLettersQueue', 'DeadLettersQueue', true),
    resource('AWS::S3::Bucket', 'EventFailuresBucket', 'failures', true),
  ],
}

interface Faults {
  readonly account?: string
  readonly hasStack?: boolean
  readonly deployFails?: boolean
  /** A function whose records do not reach Kafka. */
  readonly silent?: string
  readonly redriveDoesNothing?: boolean
  readonly dropsFailures?: boolean
}

/** An account on which everything works, but for the faults. */
function fakeAccount(faults: Faults = {}) {
  const calls: string[] = []
  const environments = new Map<string, Record<string, string>>(KEYS.map(key => [key, { KAFKA_BOOTSTRAP_SERVERS: 'b' }]))
  const logged = new Set<string>()
  let isDeployed = faults.hasStack ?? false
  let letters = 0
  let failures = 0
  let pauses = 0
  const keyOf = (functionName: string) => functionName.replace('kafka-producer-verify-', '')
  const deliver = (key: string) => void (faults.silent === key || logged.add(key))
  const account: Account = {
    accountId: async () => faults.account ?? ID,
    findStack: async () => (isDeployed ? STACK : undefined),
    deploy: async () => {
      calls.push('deploy')
      isDeployed = true
      if (faults.deployFails) throw new Error('osls deploy failed')
    },
    remove: async () => {
      calls.push('remove')
      isDeployed = false
    },
    request: async (method, _, body = '') => {
      if (method === 'GET') return { status: 200, body: '{}' }
      if (body.length > 1_000_000) return { status: 413, body: '{"code":"body-too-large"}' }
      const isBroken = environments.get('http')?.KAFKA_BOOTSTRAP_SERVERS !== 'b'
      if (!isBroken) return { status: 200, body: '{"fate":"delivered"}' }
      letters++
      return { status: 202, body: '{"fate":"dead-lettered"}' }
    },
    sendMessage: async (url, body, groupId) => {
      assert.equal(groupId !== undefined, url === 'ChatFifoQueue')
      assert.ok(Buffer.byteLength(body) <= 1_048_576)
      if (url === 'DeadLettersQueue') letters++
      else deliver(url === 'ChatFifoQueue' ? 'sqs-fifo' : 'sqs')
    },
    putEvent: async (source, detailType) => {
      assert.deepEqual([source, detailType], ['usgs.earthquakes', 'Earthquake'])
      deliver('eventbridge')
    },
    queueDepth: async () => letters,
    objectCount: async () => failures,
    invoke: async (_, payload) => {
      if ((payload as { doctor?: boolean }).doctor) return { healthy: true }
      if (!faults.redriveDoesNothing) letters = 0
      return { results: [] }
    },
    invokeLater: async (_, payload) => {
      assert.ok(JSON.stringify(payload).length < 1_048_576)
      if (!faults.dropsFailures) failures++
    },
    logHas: async functionName => logged.has(keyOf(functionName)),
    setEnvironment: async (functionName, change) => {
      const before = environments.get(keyOf(functionName)) ?? {}
      environments.set(keyOf(functionName), { ...before, ...change })
      return before
    },
    pause: async () => void pauses++,
  }
  return { account, calls, environments, pauses: () => pauses }
}

async function run(
  faults: Faults = {},
  { accountId, isConfirmed = true }: { accountId?: string; isConfirmed?: boolean } = { accountId: ID },
) {
  const fake = fakeAccount(faults)
  const lines: string[] = []
  const isOk = await verify(fake.account, { accountId, isConfirmed, log: line => lines.push(line) })
  return { ...fake, isOk, lines, failed: lines.filter(line => line.startsWith('FAILED')) }
}

test('on an account on which everything works, all checks succeed and the stack is removed', async () => {
  const { isOk, lines, calls } = await run()
  assert.deepEqual(
    lines.filter(line => line.startsWith('ok')).map(line => line.slice(8)),
    ['the package is deployed', ...CHECKS.map(({ name }) => name), 'the stack is removed'],
  )
  assert.deepEqual(calls, ['deploy', 'remove'])
  assert.deepEqual(lines.slice(-3), [
    'stays   AWS::SQS::Queue DeadLettersQueue',
    'stays   AWS::S3::Bucket failures',
    'Every step succeeded.',
  ])
  assert.ok(isOk)
})

test('nothing is changed without --account and --yes, in another account, or on a stage that has a stack', async () => {
  for (const [faults, options, says] of [
    [{}, {}, /expected --account <id> and --yes/],
    [{}, { accountId: ID, isConfirmed: false }, /expected --account <id> and --yes/],
    [{ account: '999999999999' }, { accountId: ID }, /the account of the credentials, 999999999999; got 123456789012/],
    [{ hasStack: true }, { accountId: ID }, /--stage: expected one without a stack/],
  ] as const) {
    const fake = fakeAccount(faults)
    const verification = { accountId: undefined, isConfirmed: true, log: () => {}, ...options }
    await assert.rejects(verify(fake.account, verification), says)
    assert.deepEqual(fake.calls, [])
  }
})

test('a trigger that does not reach Kafka fails its check alone, after a bounded wait', async () => {
  for (const [silent, name] of [
    ['sqs', 'SQS, standard'],
    ['sqs-fifo', 'SQS, FIFO'],
    ['eventbridge', 'EventBridge'],
  ] as const) {
    const { isOk, failed, calls, pauses } = await run({ silent })
    assert.equal(failed.length, 1)
    assert.match(failed[0] ?? '', new RegExp(`^FAILED {2}${name}: .*expected "delivered" in \\S+ log within 5 min`))
    assert.equal(pauses(), 60)
    assert.deepEqual([isOk, calls.at(-1)], [false, 'remove'])
  }
})

test('a redrive that leaves dead letters, and a failure that no destination keeps, are noticed', async () => {
  const redrive = await run({ redriveDoesNothing: true })
  assert.match(redrive.failed[0] ?? '', /expected an empty DeadLettersQueue after redrive/)
  assert.equal(redrive.environments.get('http')?.KAFKA_BOOTSTRAP_SERVERS, 'b')
  const destination = await run({ dropsFailures: true })
  assert.match(destination.failed[0] ?? '', /one more entry in the on-failure destination within 12 min/)
})

test('a deployment that fails is removed, and no check runs', async () => {
  const { isOk, lines, calls } = await run({ deployFails: true })
  assert.deepEqual(calls, ['deploy', 'remove'])
  assert.deepEqual(
    lines.map(line => line.slice(0, 6)),
    ['FAILED', 'ok    ', 'stays ', 'stays ', '1 step'],
  )
  assert.equal(isOk, false)
})
