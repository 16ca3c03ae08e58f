// The kafka-producer command on a real Kafka, run as a user does: send, dead-letters, redrive, doctor, plan, contracts.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { toDeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { DiskDeadLetterTarget } from '../../lib/dead-letter/disk/target.ts'
import { notSent } from '../../lib/delivery/delivery-report.ts'
import { InvalidRecordError } from '../../lib/errors.ts'
import { createTopics, readTopic, untilInSync } from '../../local/kafka/admin.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { type CommandResult, type RunOptions, runCommand } from '../support/command.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { sharedClusterServers } from '../support/real-kafka.ts'

const servers = sharedClusterServers()
const folder = temporaryFolder()
after(() => rmSync(folder, { recursive: true, force: true }))

async function newTopic(config: Record<string, string> = {}): Promise<string> {
  const topic = `command-${randomBytes(6).toString('hex')}`
  await createTopics(servers, [{ topic, partitions: 1, config }])
  await untilInSync(servers, topic, 1)
  return topic
}

function command(
  args: readonly string[],
  { env = {}, ...options }: { env?: Record<string, string> } & RunOptions = {},
): Promise<CommandResult> {
  const settings = { KAFKA_BOOTSTRAP_SERVERS: servers, KAFKA_DEAD_LETTER: `disk:${join(folder, 'dead-letters')}` }
  return runCommand(args, { ...settings, ...env }, options)
}

const jsonLines = (stdout: string) =>
  stdout === ''
    ? []
    : stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
const valuesOf = async (topic: string) => (await readTopic(servers, topic)).map(({ value }) => String(value))

/** Before the retention of the topics. */
const LONG_AGO = Date.now() - 30 * 86_400_000

test('send: one record, or one per line; a failure is reported and the exit status is 1', async () => {
  const topic = await newTopic()
  const one = await command(['send', topic, '--key', 'k', '--value', 'v', '--header', 'h=x', '--json'])
  assert.equal(one.status, 0, one.stderr)
  assert.deepEqual(JSON.parse(one.stdout).offset, 0)
  assert.match((await command(['send', topic], { input: 'a\nb\n' })).stdout, new RegExp(`${topic}-0@1`))
  assert.deepEqual(await valuesOf(topic), ['v', 'a', 'b'])
  assert.equal(String((await readTopic(servers, topic))[0]?.headers.h), 'x')

  const invalid = await command(['send', 'chat', '--value', '{"room":"lobby","user":7}'])
  assert.equal(invalid.status, 1)
  assert.match(invalid.stderr, /schema, not-sent/)
  assert.doesNotMatch(invalid.stderr, /lobby/)
  assert.equal((await command(['send', topic, '--value', 'v', '--partition', 'x'])).status, 2)
  const unknownName = await command(['send', topic, '--value', 'v'], {
    env: { KAFKA_BOOTSTRAP_SERVERS: 'missing.invalid:9092', KAFKA_MAX_BLOCK_MS: '500' },
  })
  assert.equal(unknownName.status, 1)
  assert.match(unknownName.stderr, /unreachable, not-sent\. .*getaddrinfo \w+ missing\.invalid/)
})

test('dead-letters and redrive: listed without payload, tried in a dry run, sent, no longer listed', async () => {
  const topic = await newTopic()
  const hostile = `evil\u001b[2J\u202e-${topic}`
  const disk = new DiskDeadLetterTarget(join(folder, 'dead-letters'))
  await disk.store([
    deadLetterOf(hostile, 'a secret', topic, LONG_AGO),
    deadLetterOf('second', 'another', topic, LONG_AGO),
    deadLetterOf('elsewhere', 'x', 'other-topic'),
  ])
  await disk.close()

  const list = await command(['dead-letters', 'list', '--topic', topic])
  assert.equal(list.status, 0, list.stderr)
  assert.equal(list.stdout.trim().split('\n').length, 3)
  const listed = jsonLines((await command(['dead-letters', 'list', '--topic', topic, '--json'])).stdout) as {
    deadLetterId: string
    recordId: string
  }[]
  assert.ok(!JSON.stringify(listed).includes(Buffer.from('a secret').toString('base64')))
  const id = listed.find(({ recordId }) => recordId === hostile)?.deadLetterId as string
  const shown = await command(['dead-letters', 'show', id])
  assert.doesNotMatch(shown.stdout, /a secret/)
  assert.ok(
    !shown.stdout.includes('\u001b') && !shown.stdout.includes('\u202e'),
    'control characters of an id are escaped',
  )
  assert.match((await command(['dead-letters', 'show', id, '--payload'])).stdout, /a secret/)
  for (const missing of ['missing', '-missing', '-h_missing'])
    assert.match(
      (await command(['dead-letters', 'show', missing])).stderr,
      new RegExp(`No open dead letter has the id ${missing}`),
    )
  assert.match((await command(['dead-letters', 'show', id, '--colour'])).stderr, /too many arguments/)
  assert.match(
    (await command(['dead-letters', 'stats'])).stdout,
    new RegExp(`${topic}\\s+unreachable\\s+unreachable\\s+not-sent\\s+delivery failure\\s+2`),
  )

  assert.equal((await command(['redrive', '--topic', topic])).status, 2, 'without a terminal it needs --yes')
  const redrive = (...args: string[]) => command(['redrive', '--topic', topic, '--any-topic', '--json', ...args])
  const old = jsonLines((await redrive('--dry-run')).stdout)
  assert.deepEqual(
    old.slice(0, 2).map(({ result, code }) => [result, code]),
    [
      ['kept', 'too-old'],
      ['kept', 'too-old'],
    ],
  )
  const dry = jsonLines((await redrive('--dry-run', '--timestamp', 'now')).stdout)
  assert.deepEqual([dry.length, dry[0].result, dry[0].topic, dry[2].results[0].tried], [3, 'would-send', topic, 2])
  assert.deepEqual(await valuesOf(topic), [])
  const sent = await redrive('--timestamp', 'now', '--yes')
  assert.equal(sent.status, 0, sent.stderr)
  assert.match(sent.stderr, /2 sent/)
  const [one, two, { results }] = jsonLines(sent.stdout)
  assert.deepEqual(
    [one, two].map(({ result, topic: to, partition, offset }) => [result, to, partition, offset]),
    [
      ['sent', topic, 0, 0],
      ['sent', topic, 0, 1],
    ],
  )
  assert.equal(results[0].resent, 2)
  assert.deepEqual((await valuesOf(topic)).sort(), ['a secret', 'another'])
  assert.match((await command(['dead-letters', 'list', '--topic', topic])).stderr, /0 open/)
})

test('redrive --include-invalid: records that are valid by now are sent, the others stay', async () => {
  const topic = await newTopic()
  const contracts = join(folder, 'contracts')
  const place = join(folder, 'invalid')
  rmSync(contracts, { recursive: true, force: true })
  mkdirSync(contracts)
  writeFileSync(
    join(contracts, `${topic}.json`),
    JSON.stringify({ key: { from: ['value:/id'] }, value: { schema: { type: 'object', required: ['id'] } } }),
  )
  const invalidDeadLetter = (id: string, value: string, of = topic) =>
    toDeadLetter(
      notSent(
        { topic: of, value: Buffer.from(value) },
        undefined,
        new InvalidRecordError('schema', 'value: 1 violation.'),
        Date.now(),
      ),
      id,
      {
        trigger: 'sqs',
        id,
        index: 0,
        function: null,
        arn: null,
        receiveCount: null,
      },
    )
  const disk = new DiskDeadLetterTarget(place)
  await disk.store([
    invalidDeadLetter('good', '{"id":"i-1"}'),
    invalidDeadLetter('bad', '{"no":1}'),
    invalidDeadLetter('no-topic', '{"id":"i-2"}', ''),
  ])
  await disk.close()
  const from = ['--from', `disk:${place}`, '--contracts', contracts, '--yes']
  const down = await command(['redrive', ...from, '--include-invalid'], {
    env: { KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9', KAFKA_MAX_BLOCK_MS: '300' },
  })
  assert.equal(down.status, 1, 'a cluster that is down changes nothing')
  assert.match((await command(['redrive', ...from])).stderr, /3 invalid/)
  const run = await command(['redrive', ...from, '--include-invalid'])
  assert.equal(run.status, 1)
  assert.match(run.stderr, /1 sent[\s\S]*Still open: 1 schema/)
  assert.deepEqual(
    (await readTopic(servers, topic)).map(({ key, value }) => [String(key), String(value)]),
    [['i-1', '{"id":"i-1"}']],
  )
  // A dead letter without a topic goes to the topic of --to.
  assert.match(
    (await command(['redrive', ...from, '--include-invalid', '--topic', 'none', '--to', topic])).stderr,
    /1 sent/,
  )
  assert.equal((await readTopic(servers, topic)).length, 2)
})

test('redrive: Ctrl-C and SIGTERM end it with its counts and without its lease; the rest stays', async () => {
  const topic = await newTopic()
  const place = join(folder, 'interrupted')
  const disk = new DiskDeadLetterTarget(place)
  await disk.store(Array.from({ length: 200 }, (_, i) => deadLetterOf(`i-${i}`, 'v', topic)))
  await disk.close()
  const args = [
    'redrive',
    '--from',
    `disk:${place}`,
    '--any-topic',
    '--timestamp',
    'now',
    '--rate',
    '2',
    '--yes',
    '--json',
  ]
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const run = await command(args, { onOutput: child => child.kill(signal) })
    assert.equal(run.status, status, run.stderr)
    assert.match(run.stderr, /dead letters seen, .* [1-9]\d* sent/)
    assert.match(run.stderr, /Stopped: interrupted/)
    assert.ok(!existsSync(join(place, 'redrive.lock')), signal)
  }
  const open = jsonLines((await command(['dead-letters', 'list', '--from', `disk:${place}`, '--json'])).stdout)
  assert.equal(open.length + (await valuesOf(topic)).length, 200)
})

test('doctor: every check is ok on a healthy cluster; each problem has a line with advice', async () => {
  const topic = await newTopic()
  const good = await command(['doctor', '--topic', topic, '--json'])
  const checks = (output: string) =>
    JSON.parse(output).checks as { name: string; status: string; detail: string; advice?: string }[]
  const statusOf = (output: string, name: string) => checks(output).find(check => check.name.startsWith(name))?.status
  assert.equal(good.status, 0, good.stdout + good.stderr)
  for (const name of ['config', 'TCP', 'ApiVersions', 'producer id', 'topic', 'rights', 'replication', 'dead letters'])
    assert.equal(statusOf(good.stdout, name), 'ok', `${name} in ${good.stdout}`)
  assert.deepEqual(await valuesOf(topic), [], 'it writes no record')
  assert.match(
    (await command(['dead-letters', 'list', '--from', `disk:${join(folder, 'dead-letters')}`])).stderr,
    /open dead letter/,
  )

  const wrong = await command(['doctor', '--topic', 'not-there', '--json'], {
    env: { KAFKA_DEAD_LETTER: 'disk:/etc/hostname/dead-letters' },
  })
  assert.equal(wrong.status, 1)
  assert.equal(statusOf(wrong.stdout, 'topic not-there'), 'failed')
  assert.equal(statusOf(wrong.stdout, 'dead letters'), 'failed')
  const unreachable = await command(['doctor', '--topic', topic, '--json'], {
    env: { KAFKA_BOOTSTRAP_SERVERS: 'missing.invalid:9092,127.0.0.1:9' },
  })
  assert.deepEqual(
    [
      statusOf(unreachable.stdout, 'DNS missing.invalid'),
      statusOf(unreachable.stdout, 'TCP 127.0.0.1'),
      unreachable.status,
    ],
    ['failed', 'failed', 1],
  )
  const other = await newTopic()
  await createTopics(servers, [{ topic: `${topic}-dlt`, partitions: 1 }])
  const dlt = await command(['doctor', '--topic', topic, other, '--json'], {
    env: { KAFKA_DEAD_LETTER: `kafka:{topic}-dlt,disk:${folder}` },
  })
  assert.deepEqual(
    [`${topic}-dlt`, `${other}-dlt`, 'unrouted-dlt'].map(name => statusOf(dlt.stdout, `dead letters kafka:${name}`)),
    ['ok', 'failed', 'warning'],
  )
  const tls = await command(['doctor', '--topic', topic, '--json'], { env: { KAFKA_SECURITY_PROTOCOL: 'SSL' } })
  assert.match(checks(tls.stdout).find(({ name }) => name === 'TLS')?.advice ?? '', /security\.protocol, which is SSL/)
  const config = await command(['doctor', '--json'], { env: { KAFKA_ACKS: '2', KAFKA_RETRIES: 'many' } })
  assert.equal(checks(config.stdout).filter(({ name, status }) => name === 'config' && status === 'failed').length, 2)
  const weak = await newTopic({ 'min.insync.replicas': '1' })
  assert.equal(statusOf((await command(['doctor', '--topic', weak, '--json'])).stdout, 'replication'), 'warning')
})

test('plan: reports what fits and what exceeds the limits', async () => {
  const fits = await command(['plan', '--concurrency', '10'])
  assert.equal(fits.status, 0, fits.stderr)
  assert.match(fits.stdout, /connections per broker\s+10 to 20\s+3000/)
  assert.doesNotMatch(fits.stdout, /registry/)
  const contracts = mkdtempSync(join(folder, 'avro-'))
  writeFileSync(join(contracts, 'orders.json'), '{"value":{"format":"avro","registry":"confluent"}}')
  const asks = await command(['plan', '--concurrency', '10', '--contracts', contracts])
  assert.match(asks.stdout, /requests to Confluent’s registry in a burst, at most\s+10/)
  assert.match(asks.stderr, /--pin-schemas/)
  const burst = await command(['plan', '--concurrency', '200', '--brokers', '6'])
  assert.match(burst.stderr, /admits a burst of \d+ cold starts over 2 s/)
  const small = await command(['plan', '--concurrency', '200', '--instance', 'kafka.t3.small'])
  assert.equal(small.status, 1)
  assert.match(small.stderr, /to 150 in total/)
  assert.equal((await command(['plan', '--concurrency', '0'])).status, 2)
})

test('contracts check and types work; help has examples; an unknown option is an error', async () => {
  assert.match((await command(['contracts', 'check'])).stdout, /earthquakes/)
  writeFileSync(join(folder, 'orders.json'), '{"colour":"red"}')
  const wrong = await command(['contracts', 'check', folder])
  assert.equal(wrong.status, 1)
  assert.match(wrong.stderr, /colour/)
  const types = (await command(['contracts', 'types'])).stdout
  assert.match(types, /export interface Chat \{[\s\S]*room: string/)
  for (const name of ['send', 'redrive', 'doctor']) assert.match((await command([name, '--help'])).stdout, /Example/)
  assert.notEqual((await command(['redrive', '--colour'])).status, 0)
})
