// The subcommands for dead letters that need no broker: list, show, stats, export, check, discard, edit, unpark.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Command } from 'commander'
import { WrongUse } from '../../bin/exit.ts'
import { addFilterOptions, requestOf } from '../../bin/filter-options.ts'
import { type DeadLetter, toDeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { notSent } from '../../lib/delivery/delivery-report.ts'
import { InvalidRecordError } from '../../lib/errors.ts'
import type { RedriveRequest } from '../../lib/redrive/redrive-request.ts'
import { matches } from '../../lib/redrive/select-dead-letters.ts'
import { SqsServer } from '../fakes/sqs-server.ts'
import { COMMAND, PROGRAM, runCommand, runShell } from '../support/command.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { AWS, environmentOf, folder, idsIn, inPlace, linesOf, parked, placeOf } from '../support/stored-dead-letters.ts'

const contracts = join(folder, 'contracts')
mkdirSync(contracts)
writeFileSync(
  join(contracts, 'orders.json'),
  JSON.stringify({ key: { from: ['value:/id'] }, value: { schema: { type: 'object', required: ['id'] } } }),
)
const YESTERDAY = Date.now() - 86_400_000

function invalidOf(id: string, value: string, topic = 'orders'): DeadLetter {
  const error = new InvalidRecordError('schema', 'value: 1 violation.')
  const source = { trigger: 'sqs', id, index: 0, function: null, arn: null, receiveCount: null } as const
  return toDeadLetter(notSent({ topic, value: Buffer.from(value) }, undefined, error, Date.now()), id, source)
}

test('the output to a pipe is complete: 10,000 dead letters as lines, as JSON and with payload', async () => {
  const place = await placeOf(Array.from({ length: 10_000 }, (_, i) => deadLetterOf(`r-${i}`, 'v'.repeat(300))))
  const cases = [
    ['list', 10_001],
    ['list --json', 10_000],
    ['export', 10_000],
  ] as const
  await Promise.all(
    cases.map(async ([args, lines]) => {
      const { stdout } = await runShell(`${COMMAND} dead-letters ${args} | wc -l`, environmentOf(place))
      assert.equal(Number(stdout), lines, args)
    }),
  )
})

test('when the reader of the output closes the pipe, the command ends with 0 and prints no error', async () => {
  const place = await placeOf(Array.from({ length: 10_000 }, (_, i) => deadLetterOf(`r-${i}`)))
  const shell = await runShell(`(${COMMAND} dead-letters list; echo "status $?" >&2) | head -2`, environmentOf(place))
  assert.equal(linesOf(shell.stdout).length, 2)
  assert.equal(shell.stderr, 'status 0\n')
})

test('-h is help also where an id may begin with it', async () => {
  const place = await placeOf([deadLetterOf('r-1')])
  await Promise.all(
    ['show', 'edit'].map(async name => {
      const help = await runCommand(['dead-letters', name, '-h'], environmentOf(place))
      assert.equal(help.status, 0)
      assert.match(help.stdout, new RegExp(`^Usage: kafka-producer dead-letters ${name} `))
      const { stdout, stderr } = await runCommand(['dead-letters', name, '-hidden'], environmentOf(place))
      assert.match(stdout + stderr, /-hidden/)
    }),
  )
})

/** The request that the options make, as the command reads them. */
function requestFor(args: string): RedriveRequest {
  const command = addFilterOptions(new Command()).exitOverride()
  return requestOf(command.parse(args.split(' '), { from: 'user' }).opts())
}

test('filters take several values and their opposites', () => {
  const deadLetters = [
    deadLetterOf('a', 'v', 'chat', YESTERDAY),
    deadLetterOf('b', 'v', 'other', YESTERDAY),
    parked(deadLetterOf('c', 'v', 'third', YESTERDAY)),
    invalidOf('d', '{}'),
    invalidOf('e', '{}', ''),
  ]
  const cases: Record<string, string> = {
    '--topic chat,other': 'a b',
    '--topic chat --topic third': 'a c',
    '--not-topic chat,none': 'b c d',
    '--topic none': 'e',
    '--error schema': 'd e',
    '--error record-too-large': 'c',
    '--not-error schema,record-too-large': 'a b',
    '--outcome rejected,unknown': '',
    '--not-outcome unknown': 'a b c d e',
    '--invalid': 'd e',
    '--no-invalid --no-parked': 'a b',
    '--parked --since 10000d': 'c',
    '--since 2h': 'd e',
    [`--until ${new Date(YESTERDAY).toISOString()}`]: 'a b c',
    [`--dead-letter ${deadLetters[1]?.deadLetterId},nosuch`]: 'b',
  }
  for (const [args, ids] of Object.entries(cases)) {
    const request = requestFor(args)
    const matching = deadLetters.filter(deadLetter => matches(deadLetter, request))
    assert.equal(matching.map(({ recordId }) => recordId).join(' '), ids, args)
  }
})

test('a wrong value of an option is named by the option', () => {
  for (const [args, message] of [
    ['--since 10', /^--since: expected a time with its zone/],
    ['--until 2026-11-26T08:00', /^--until: expected a time with its zone/],
    ['--outcome lost', /^--outcome: expected/],
    ['--not-outcome lost', /^--not-outcome: expected/],
    ['--limit 0', /^--limit: expected/],
    ['--topic chat,,other', /^--topic: expected/],
    ['--dead-letter ,', /^--dead-letter: expected/],
    ['--from nowhere:x', /^--from: expected/],
  ] as const)
    assert.throws(
      () => requestFor(args),
      (error: unknown) => error instanceof WrongUse && message.test(error.message),
      args,
    )
})

test('stats has a line per group, with the last error, the outcome, the kind, parked, age and a sample', async () => {
  const one = parked(deadLetterOf('c', 'v', 'third'))
  const run = inPlace(await placeOf([deadLetterOf('a'), deadLetterOf('b'), one, invalidOf('d', '{}')]))
  const { stdout, stderr } = await run('dead-letters stats')
  const [head, ...rows] = linesOf(stdout)
  assert.match(head ?? '', /topic +error +last error +outcome +kind +dead letters +parked +age +sample/)
  assert.equal(rows.length, 3)
  assert.match(rows[0] ?? '', /^chat +unreachable +unreachable +not-sent +delivery failure +2 +0 +\d+ (s|min) +\S{22}$/)
  const ofThird = rows.find(row => row.startsWith('third'))
  assert.match(
    ofThird ?? '',
    new RegExp(` unreachable +record-too-large +not-sent +delivery failure +1 +1 .*${one.deadLetterId}$`),
  )
  assert.match(
    rows.find(row => row.startsWith('orders')) ?? '',
    / schema +schema +not-sent +invalid record +1 +0 +\d+ (s|min) /,
  )
  assert.match(stderr, /4 open dead letters/)
})

test('wrong use is exit status 2 and creates nothing', async () => {
  const place = await placeOf([deadLetterOf('a')])
  const run = inPlace(place)
  const cases = [
    ['dead-letters list --topic nosuch', /No contract and no open dead letter has the topic nosuch/],
    ['dead-letters list --error nosuch', /error nosuch/],
    ['dead-letters list --dead-letter nosuch', /id nosuch/],
    ['dead-letters show nosuch', /id nosuch/],
    ['dead-letters discard', /Add a filter/],
    ['dead-letters discard --topic chat', /no terminal to confirm on\. Add --yes/],
    ['dead-letters discard --not-topic nosuch --yes', /topic nosuch/],
    ['dead-letters edit nosuch --file package.json', /id nosuch/],
    ['redrive --yes --not-topic nosuch', /topic nosuch/],
    ['redrive --yes --rate fast', /^--rate: expected/m],
    ['redrive --yes --from sqlite:nosuch/x.db', /the file does not exist/],
    ['dead-letters unpark --from sqlite:nosuch/x.db', /the file does not exist/],
    ['dead-letters discard --all --yes --from sqlite:nosuch/x.db', /the file does not exist/],
    ['dead-letters edit nosuch --file package.json --from sqlite:nosuch/x.db', /the file does not exist/],
  ] as const
  await Promise.all(
    cases.map(async ([args, message]) => {
      const { status, stderr } = await run(args)
      assert.match(stderr, message, args)
      assert.equal(status, 2, `${args}: ${stderr}`)
    }),
  )
  assert.equal(idsIn((await run('dead-letters list --json')).stdout).length, 1)
  assert.ok(!existsSync('nosuch'))
})

test('a redrive prints the command for the dead letters that it kept', async () => {
  const place = await placeOf([deadLetterOf('a', 'v', 'not-in-a-contract')])
  const { stderr } = await inPlace(place)(`redrive --dry-run --no-verify --contracts ${contracts}`)
  assert.match(stderr, /Still open: 1 unknown-topic\.\n {2}unknown-topic: .*--any-topic.*\./)
})

test('discard completes the matching dead letters without sending them', async () => {
  const run = inPlace(await placeOf([deadLetterOf('a'), deadLetterOf('b', 'v', 'other'), invalidOf('c', '{}')]))
  const { status, stdout, stderr } = await run('dead-letters discard --not-topic other --invalid --yes --json')
  assert.equal(status, 0, stderr)
  assert.match(stderr, /1 dead letter discarded/)
  assert.equal(JSON.parse(stdout).result, 'discarded')
  assert.deepEqual(idsIn((await run('dead-letters list --json')).stdout), ['a', 'b'])
  assert.equal((await run('dead-letters discard --all --yes')).status, 0)
  assert.match((await run('dead-letters list')).stderr, /0 open dead letters/)
})

test('unpark lets redrive try parked dead letters again', async () => {
  const run = inPlace(await placeOf([parked(deadLetterOf('a')), parked(deadLetterOf('b', 'v', 'other'))]))
  const { status, stderr } = await run('dead-letters unpark --topic other')
  assert.equal(status, 0, stderr)
  assert.match(stderr, /1 dead letter unparked/)
  assert.deepEqual(idsIn((await run('dead-letters list --json --parked')).stdout), ['a'])
  assert.deepEqual(idsIn((await run('dead-letters list --json --no-parked')).stdout), ['b'])
})

test('check says which dead letters would pass by the contracts as they are now', async () => {
  const run = inPlace(await placeOf([invalidOf('good', '{"id":"1"}'), invalidOf('bad', '{}'), deadLetterOf('none')]))
  const { status, stdout, stderr } = await run(`dead-letters check --contracts ${contracts}`)
  assert.equal(status, 1)
  assert.match(stderr, /1 of 3 dead letters would pass, 1 schema, 1 unknown-topic/)
  assert.equal(linesOf(stdout).length, 4)
  assert.match(stdout, /orders +valid\n/)
  assert.match(stdout, /orders +schema: .*expected/)
  const passing = await run(`dead-letters check --contracts ${contracts} --topic orders --json`)
  assert.deepEqual(
    linesOf(passing.stdout).map(line => (JSON.parse(line) as { result: string }).result),
    ['valid', 'schema'],
  )
})

test('edit replaces a dead letter by one with its own id, if the contract takes it', async () => {
  const before = invalidOf('bad', '{}')
  const run = inPlace(await placeOf([before]))
  const edit = `dead-letters edit ${before.deadLetterId} --contracts ${contracts}`
  const refused = await run(edit, '{"no":"id"}')
  assert.equal(refused.status, 1)
  assert.match(refused.stderr, /Nothing was changed/)
  assert.deepEqual(idsIn((await run('dead-letters list --json')).stdout), ['bad'])

  const { status, stdout, stderr } = await run(`${edit} --json`, '{"value":{"id":"i-1"},"headers":{"source":"web"}}')
  assert.equal(status, 0, stderr)
  const [edited, ...others] = linesOf((await run('dead-letters export')).stdout).map(
    line => JSON.parse(line) as DeadLetter,
  )
  assert.equal(others.length, 0)
  assert.ok(edited)
  assert.equal(edited.deadLetterId, stdout.trim())
  assert.equal(edited.editedFrom, before.deadLetterId)
  assert.equal(edited.recordId, before.recordId)
  const { key, value, headers } = edited.record
  assert.deepEqual(
    [key, value].map(text => Buffer.from(text ?? '', 'base64').toString()),
    ['i-1', '{"id":"i-1"}'],
  )
  assert.deepEqual(headers, [{ name: 'source', value: Buffer.from('web').toString('base64') }])
  assert.equal((await run(`dead-letters check --contracts ${contracts}`)).status, 0)
})

// The original bug: an edit completed the dead letter and stored one that no reader accepts.
test('an edit that does not fit a dead letter, or that is ambiguous, changes nothing', async () => {
  const before = deadLetterOf('a', 'v', 'other')
  const run = inPlace(await placeOf([before]))
  const stored = (await run('dead-letters export')).stdout
  const edit = async ([input, words]: readonly [string, RegExp]) => {
    const { status, stderr } = await run(`dead-letters edit ${before.deadLetterId} --json`, input)
    assert.notEqual(status, 0, input.slice(0, 50))
    assert.match(stderr, words)
  }
  // Refused before the lease is taken.
  await Promise.all(
    (
      [
        ['{"value":{"amount":1,"amount":2}}', /each name once.*\/value\/amount/],
        ['{"value":1,"value":2}', /each name once.*\/value/],
        ['{"headers":{"h":1e999}}', /headers: expected text, null or/],
        ['{"value":{"base64":"%%%"}}', /value: expected base64/],
      ] as const
    ).map(edit),
  )
  await edit([JSON.stringify({ topic: 'x'.repeat(300) }), /topic: expected/])
  await edit(['{"topic":"../x"}', /topic: expected/])
  await edit([JSON.stringify({ headers: { ['h'.repeat(40_000)]: 'v' } }), /header/])
  assert.equal((await run('dead-letters export')).stdout, stored)
})

test('a raw value is taken byte by byte from a file', async () => {
  const before = deadLetterOf('a', 'v', 'other')
  const run = inPlace(await placeOf([before]))
  const bytes = Buffer.from([0xff, 0x00, 0x0a])
  writeFileSync(join(folder, 'raw'), bytes)
  const { status, stderr } = await run(`dead-letters edit ${before.deadLetterId} --file ${join(folder, 'raw')}`)
  assert.equal(status, 0, stderr)
  assert.match(stderr, /has no contract: the record was not validated/)
  const edited = JSON.parse((await run('dead-letters export')).stdout) as DeadLetter
  assert.equal(edited.record.value, bytes.toString('base64'))
  assert.equal(edited.record.key, before.record.key)
})

// The original bug: a topic beyond the sample was an error that said that it exists nowhere.
test('for a queue, a name that the sample does not contain is not an error', async t => {
  const sqs = await SqsServer.start('dead-letters')
  t.after(() => sqs.close())
  sqs.add(JSON.stringify(deadLetterOf('a')))
  const run = (args: string) =>
    runCommand(args.split(' '), {
      KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9,127.0.0.1:10',
      KAFKA_DEAD_LETTER: `sqs:${sqs.url}`,
      ...AWS,
    })
  const listed = await run('dead-letters list --topic elsewhere')
  assert.equal(listed.status, 0, listed.stderr)
  assert.match(listed.stderr, /has the topic elsewhere\.\nA queue shows only a sample/)
  // The original bug: the sentence was printed twice.
  const shown = await run('dead-letters show nosuch')
  assert.equal(shown.status, 2)
  assert.equal(shown.stderr.split('No open dead letter has the id nosuch.').length, 2, shown.stderr)
  assert.match(shown.stderr, /A queue shows only a sample/)
  const negated = await run('dead-letters discard --not-topic elsewhere --yes')
  assert.equal(negated.status, 2, negated.stderr)
})

// The original bug: list of the local stack printed the same sentence for each of its queues.
test('for several queues, what holds for each of them is printed once', async t => {
  const queues = await Promise.all(['one', 'two'].map(name => SqsServer.start(name)))
  t.after(() => Promise.all(queues.map(queue => queue.close())))
  const from = queues.map(({ url }) => `sqs:${url}`).join()
  const { status, stderr } = await runCommand(['dead-letters', 'list'], { ...AWS, KAFKA_DEAD_LETTER: from })
  assert.equal(status, 0, stderr)
  assert.equal(stderr.split('Reading a queue receives its messages').length, 2, stderr)
  for (const name of ['one', 'two']) assert.match(stderr, new RegExp(`About 0 messages are in the queue ${name},`))
})

// The original bug: `edit nosuch` on a queue ended with status 0, as if it had succeeded. A change reads every message
// of the queue.
test('for a queue, an unknown id is an error; for a change, an unknown topic is one too', async t => {
  const sqs = await SqsServer.start('dead-letters')
  t.after(() => sqs.close())
  sqs.add(JSON.stringify(deadLetterOf('a')))
  const env = { KAFKA_DEAD_LETTER: `sqs:${sqs.url}`, ...AWS }
  for (const [args, words] of [
    ['list --dead-letter nosuch', /id nosuch\.\nA queue shows only a sample/],
    ['edit nosuch --file package.json', /id nosuch\.\nMessages that another consumer of a queue holds were not seen/],
    ['unpark --dead-letter nosuch', /id nosuch/],
    ['discard --dead-letter nosuch --yes', /id nosuch/],
    ['discard --topic elsewhere --yes', /has the topic elsewhere/],
  ] as const) {
    const { status, stderr } = await runCommand(['dead-letters', ...args.split(' ')], env)
    assert.match(stderr, words, args)
    assert.equal(status, 2, `${args}: ${stderr}`)
  }
  assert.equal(sqs.messages.length, 1)
})

test('list and show say in which topic a record in doubt may be', async () => {
  const deadLetter = deadLetterOf('doubted')
  const { firstAt: from, lastAt: to } = deadLetter.failure
  const doubt = { partition: 2, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0, from, to }
  const command = inPlace(await placeOf([{ ...deadLetter, inDoubt: { ...doubt, topic: 'orders' } }]))
  assert.match((await command('dead-letters list')).stdout, /perhaps in orders/)
  const { stdout } = await command(`dead-letters show ${deadLetter.deadLetterId}`)
  assert.match(stdout, new RegExp(`in doubt +perhaps in orders-2, sent ${from} to ${to}`))
})

// The original bug: after the stack had ended, list said only that bootstrap.servers is missing.
test('if the local stack has ended, the command says how to start it', async () => {
  const cwd = join(folder, 'ended')
  mkdirSync(join(cwd, '.local'), { recursive: true })
  const run = (at: string) =>
    spawnSync(process.execPath, [PROGRAM, 'dead-letters', 'list'], { cwd: at, env: {}, encoding: 'utf8' })
  const ended = run(cwd)
  assert.equal(ended.status, 2)
  assert.match(ended.stderr, /The local stack of this folder is not running\. Start it with npm start/)
  assert.doesNotMatch(run(folder).stderr, /npm start/)
})

test('redrive --to a topic without a contract is refused before anything is read', async () => {
  const run = inPlace(await placeOf([deadLetterOf('a')]))
  const redrive = `redrive --to oders --contracts ${contracts} --dry-run`
  const { status, stderr } = await run(redrive)
  assert.equal(status, 2)
  assert.match(stderr, /--to oders: no contract has this topic/)
  assert.doesNotMatch(stderr, /seen/)
  assert.doesNotMatch((await run(`${redrive} --any-topic`)).stderr, /no contract/)
})
