// The environment of the command without a configuration: the local stack of the folder.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, mock, test } from 'node:test'
import { environment, exportAwsVariables } from '../bin/environment.ts'
import { startedAt } from '../bin/local-stack.ts'

const redriveSettings = {
  KAFKA_REDRIVE_FROM: 'source-dlq:http://127.0.0.1:9324/000000000000/chat-dlq.fifo?source=chat.fifo',
  KAFKA_REDRIVE_LEASE_QUEUE: 'http://127.0.0.1:9324/000000000000/redrive-lease.fifo',
}
const registryUrl = 'http://127.0.0.1:8081/apis/ccompat/v7'
const STACK = { bootstrapServers: '127.0.0.1:9092', sqsUrl: 'http://127.0.0.1:9324', registryUrl, redriveSettings }
const home = process.cwd()
let folder = ''
const LOCK = join('.local', 'stack.lock')
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'environment-'))
  mkdirSync(join(folder, '.local'))
  writeFileSync(join(folder, '.local', 'stack.json'), JSON.stringify(STACK))
  writeFileSync(join(folder, LOCK), `${process.pid} ${startedAt(process.pid)}`)
  process.chdir(folder)
  mock.method(process.stderr, 'write', () => true)
})
after(() => {
  mock.restoreAll()
  process.chdir(home)
  rmSync(folder, { recursive: true, force: true })
})

test('the local stack’s settings fill in what is missing; process.env stays unchanged', () => {
  const before = { ...process.env }
  const env = environment({ AWS_REGION: 'eu-west-1', HOME: '/home/me' })
  assert.deepEqual(env, {
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: 'eu-west-1',
    KAFKA_REDRIVE_IN_DOUBT_WAIT_MS: '5000',
    // Beside the sources of the stack, its default target is still read.
    KAFKA_DEAD_LETTER: 'disk:./.dead-letters',
    ...redriveSettings,
    KAFKA_SCHEMA_REGISTRY_URL: registryUrl,
    HOME: '/home/me',
    AWS_ENDPOINT_URL_SQS: STACK.sqsUrl,
    KAFKA_BOOTSTRAP_SERVERS: STACK.bootstrapServers,
  })
  assert.deepEqual({ ...process.env }, before)
})

// The original bug: the files of a killed stack named brokers that no longer exist or belong to another stack.
test('the files that a killed stack left are not used', t => {
  const running = readFileSync(LOCK)
  t.after(() => writeFileSync(LOCK, running))
  const env = { HOME: '/home/me' }
  for (const owner of [`${process.pid} 1`, '4194304 1', '']) {
    writeFileSync(LOCK, owner)
    assert.equal(environment(env), env, owner)
  }
  rmSync(LOCK)
  assert.equal(environment(env), env)
})

test('a stack that is still writing its file is not used', t => {
  const path = join('.local', 'stack.json')
  const written = readFileSync(path)
  t.after(() => writeFileSync(path, written))
  const env = { HOME: '/home/me' }
  writeFileSync(path, written.subarray(0, 20))
  assert.equal(environment(env), env)
  rmSync(path)
  assert.equal(environment(env), env)
})

test('files of a stack that can’t be read are an error, as that stack may run', t => {
  const running = readFileSync(LOCK)
  t.after(() => {
    rmSync(LOCK, { recursive: true, force: true })
    writeFileSync(LOCK, running)
  })
  rmSync(LOCK)
  // Also root can't read a folder as a file.
  mkdirSync(LOCK)
  assert.throws(() => environment({ HOME: '/home/me' }), { code: 'EISDIR' })
})

test('an environment that names a cluster is used unchanged', () => {
  for (const name of ['KAFKA_BOOTSTRAP_SERVERS', 'KAFKA_MSK_CLUSTER_ARN', 'KAFKA_CONFIG_FILE']) {
    const env = { [name]: 'mine' }
    assert.equal(environment(env), env)
  }
})

test('only the AWS_ variables are passed to the AWS SDK', () => {
  exportAwsVariables({ AWS_REGION: 'eu-south-2', KAFKA_CLIENT_ID: 'not exported' })
  assert.equal(process.env.AWS_REGION, 'eu-south-2')
  assert.equal(process.env.KAFKA_CLIENT_ID, undefined)
})
