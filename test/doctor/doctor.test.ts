// The doctor on configurations that do not work: each problem is named, even if other checks fail too.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Check } from '../../lib/doctor/check.ts'
import { type DoctorOptions, doctor, isHealthy } from '../../lib/doctor/doctor.ts'
import { S3Server } from '../fakes/s3-server.ts'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'

/** What brokers answer to the batch by which the doctor checks the right to write. */
const CORRUPT_MESSAGE = 2
const folder = mkdtempSync(join(tmpdir(), 'doctor-'))
after(() => rmSync(folder, { recursive: true }))
const disk = `disk:${join(folder, 'dead-letters')}`
process.env.AWS_ACCESS_KEY_ID = 'none'
process.env.AWS_SECRET_ACCESS_KEY = 'none'
process.env.AWS_REGION = 'us-east-1'

async function examine(env: Record<string, string>, options: DoctorOptions = {}, topics = ['t']) {
  const checks = await doctor({ KAFKA_DEAD_LETTER: disk, ...env }, topics, options)
  const find = (name: string): Check | undefined => checks.find(check => check.name.startsWith(name))
  return { checks, find }
}

test('a broker that advertises a name nobody knows has a line with the name', async () => {
  const brokers = await ScriptedBrokers.start({ topic: 't', leaders: [0] })
  brokers.advertisedHost = 'advertised.invalid'
  try {
    const { checks, find } = await examine({ KAFKA_BOOTSTRAP_SERVERS: brokers.addresses.join() })
    assert.equal(find('TCP')?.status, 'ok')
    assert.equal(find('ApiVersions')?.status, 'ok')
    const broker = find('broker ')
    assert.match(broker?.name ?? '', /^broker \d+ advertised\.invalid:\d+$/)
    assert.deepEqual([broker?.status, broker?.detail], ['failed', 'ENOTFOUND'])
    assert.match(broker?.advice ?? '', /advertised\.listeners/)
    assert.equal(isHealthy(checks), false)
  } finally {
    await brokers.stop()
  }
})

test('closed ports are called ECONNREFUSED: of a broker, and of a dead-letter target', async () => {
  const { checks, find } = await examine({
    KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9,127.0.0.1:10',
    KAFKA_DEAD_LETTER: `sqs:http://127.0.0.1:9/queue,${disk}`,
  })
  assert.equal(find('TCP')?.detail, 'ECONNREFUSED')
  assert.match(find('connection')?.advice ?? '', /connect ECONNREFUSED 127\.0\.0\.1:\d+/)
  assert.match(find('dead letters sqs')?.detail ?? '', /connect ECONNREFUSED 127\.0\.0\.1:9/)
  assert.equal(find('dead letters disk')?.detail, 'written and deleted', JSON.stringify(checks))
})

test('what does not answer is named at the end; every other line is reported before, as it is known', async () => {
  const silent = createServer(socket => socket.on('error', () => undefined))
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const reported: string[] = []
  try {
    const { checks, find } = await examine(
      {
        KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9,127.0.0.1:10',
        KAFKA_DEAD_LETTER: `${disk},sqs:http://127.0.0.1:${port}/queue`,
      },
      { ms: 3000, onCheck: ({ name }) => reported.push(name) },
    )
    assert.deepEqual(
      reported,
      checks.map(({ name }) => name),
    )
    assert.equal(find('dead letters disk')?.status, 'ok')
    assert.equal(find('connection')?.status, 'failed')
    const last = checks.filter(({ detail }) => detail === 'no result within 3 s').map(({ name }) => name)
    assert.ok(last.includes('dead letters'), JSON.stringify(checks))
    assert.equal(isHealthy(checks), false)
  } finally {
    silent.close()
  }
})

test('a wrong configuration is reported line by line', async () => {
  const { checks } = await examine({ KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9', KAFKA_ACKS: '2', KAFKA_RETRIES: 'many' })
  assert.deepEqual(
    checks.map(({ name, status }) => [name, status]),
    [
      ['config', 'failed'],
      ['config', 'failed'],
    ],
  )
})

test('a failure bucket is read as redrive reads it: readable, refused or missing', async t => {
  const server = new S3Server('failures')
  await server.start()
  t.after(() => {
    server.stop()
    delete process.env.AWS_ENDPOINT_URL_S3
  })
  const check = async (bucket = 'failures') => {
    const env = { KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9', KAFKA_REDRIVE_FROM: `failure-bucket:${bucket}?function=f` }
    const { find } = await examine(env)
    return find(`redrive from failure-bucket:${bucket}?function=f`)
  }
  assert.equal((await check())?.status, 'ok')
  server.put('aws/lambda/async/f/2026/11/27/x', '{}')
  assert.deepEqual([(await check())?.status, (await check())?.detail], ['ok', 'readable'])
  server.refused.set('aws/lambda/async/f/2026/11/27/x', 'AccessDenied')
  const refused = await check()
  assert.deepEqual(
    [refused?.status, refused?.detail],
    ['warning', 's3://failures/aws/lambda/async/f/2026/11/27/x: S3 refuses to return the object (AccessDenied)'],
  )
  assert.match(refused?.advice ?? '', /s3:GetObject/)
  assert.equal((await check('missing'))?.status, 'failed')
})

// The original bug: a broker closes the connection for an invalid name, so every check of the cluster failed.
test('what is no name of a topic fails alone, and no broker is asked about it', async t => {
  const script = { onProduce: () => ({ errorCode: CORRUPT_MESSAGE }) }
  const brokers = await ScriptedBrokers.start({ topic: 't', leaders: [0], script })
  t.after(() => brokers.stop())
  const long = 'a'.repeat(40_000)
  const { find } = await examine({ KAFKA_BOOTSTRAP_SERVERS: brokers.addresses.join() }, {}, ['', 'a b', long, 't'])
  for (const name of ['', 'a b', long]) assert.equal(find(`topic ${name}`)?.detail, 'no name of a topic')
  assert.equal(find('topic t')?.status, 'ok')
})
