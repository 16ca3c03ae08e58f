// Which settings a command needs, and where it stores the rest of a partly redriven message.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SqsServer } from '../fakes/sqs-server.ts'
import { runCommand } from '../support/command.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { AWS, folder, placeOf } from '../support/stored-dead-letters.ts'

// The original bug: each of these commands required KAFKA_BOOTSTRAP_SERVERS, which none of them uses.
test('dead letters that are not in Kafka are read and changed without brokers', async () => {
  const place = await placeOf([deadLetterOf('a'), deadLetterOf('b')])
  const cwd = join(folder, 'without-brokers')
  mkdirSync(cwd)
  const from = ['--from', `disk:${place}`]
  const cases = [
    [['dead-letters', 'list', ...from], {}, 0, /2 open dead letters/],
    [['dead-letters', 'stats'], { KAFKA_DEAD_LETTER: `disk:${place}` }, 0, /2 open dead letters/],
    [['redrive', '--stop', ...from], {}, 0, /^$/],
    [['dead-letters', 'list'], {}, 0, /KAFKA_DEAD_LETTER is not set: reading disk:.*\.dead-letters\.\n0 open/],
    [['redrive', '--yes', ...from], {}, 2, /bootstrap\.servers \(KAFKA_BOOTSTRAP_SERVERS\): expected/],
    [['dead-letters', 'list', '--from', 'kafka:{topic}-dlt'], {}, 2, /KAFKA_BOOTSTRAP_SERVERS/],
    [['dead-letters', 'list'], { KAFKA_DEAD_LETTER: `kafka:{topic}-dlt,disk:${place}` }, 2, /KAFKA_BOOTSTRAP_SERVERS/],
    [
      ['dead-letters', 'stats'],
      { KAFKA_DEAD_LETTER: `sqlite:${cwd}` },
      1,
      /\n0 open dead letters, in what could be read\./,
    ],
    [['dead-letters', 'stats'], { KAFKA_DEAD_LETTER: 'none' }, 2, /There is nothing to read/],
  ] as const
  await Promise.all(
    cases.map(async ([args, env, expected, words]) => {
      const { status, stderr } = await runCommand(args, env, { cwd })
      assert.match(stderr, words)
      assert.equal(status, expected, stderr)
    }),
  )
  const { deadLetterId } = deadLetterOf('a')
  const { status, stderr } = await runCommand(
    ['dead-letters', 'discard', ...from, '--dead-letter', deadLetterId, '--yes'],
    {},
    { cwd },
  )
  assert.match(stderr, /1 dead letter discarded/)
  assert.equal(status, 0, stderr)
})

// The original bug: the rest was stored in ./.dead-letters of the working directory, without a message.
test('the rest of a message goes to a target that somebody named, and the command says to which', async t => {
  const sqs = await SqsServer.start('uploads-dlq')
  t.after(() => sqs.close())
  const cwd = join(folder, 'divided')
  mkdirSync(join(cwd, 'contracts'), { recursive: true })
  const contract = {
    key: { required: false },
    value: { schema: { type: 'object', required: ['id'] } },
    from: { sqs: [{ queue: 'uploads', unwrap: 's3' }] },
  }
  writeFileSync(join(cwd, 'contracts/uploads.json'), JSON.stringify(contract))
  sqs.add(JSON.stringify({ Records: [{ id: 'good' }, { noid: 1 }] }))
  const discard = (env: Record<string, string>) =>
    runCommand(
      ['dead-letters', 'discard', '--invalid', '--yes', '--from', `source-dlq:${sqs.url}?source=uploads`],
      { ...AWS, ...env },
      { cwd },
    )
  const refused = await discard({})
  assert.equal(refused.status, 1, refused.stderr)
  assert.match(refused.stderr, /can only be deleted whole: set KAFKA_DEAD_LETTER/)
  assert.ok(!existsSync(join(cwd, '.dead-letters')))
  assert.equal(sqs.messages.length, 1)

  sqs.now += 60_000
  const { status, stderr } = await discard({ KAFKA_DEAD_LETTER: 'disk:./rest' })
  assert.equal(status, 0, stderr)
  assert.match(stderr, /1 dead letter could not stay in place: now in KAFKA_DEAD_LETTER \(disk:.*rest\)/)
  assert.equal(sqs.messages.length, 0)
})

// The original bug: the only output was "5 matched, 0 to send", as if nothing could be sent.
test('if no broker answers, a dry run says that it could not check the matching dead letters', async () => {
  const place = await placeOf([deadLetterOf('a'), deadLetterOf('b')])
  const { status, stderr } = await runCommand(['redrive', '--dry-run', '--any-topic', '--from', `disk:${place}`], {
    KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9,127.0.0.1:10',
  })
  assert.equal(status, 1)
  assert.match(
    stderr,
    /2 matched, .*\nThe run stopped before 2 of them: whether their records can be sent is not known/,
  )
  assert.match(stderr, /Stopped: unreachable/)
})

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  const { status, stdout } = await runCommand(['--version'], {}, { cwd: folder })
  assert.deepEqual([status, stdout], [0, `${version}\n`])
})

test('contracts check names the folder that is missing, and what it should hold', async () => {
  const { status, stderr } = await runCommand(['contracts', 'check', 'nowhere'], {}, { cwd: folder })
  assert.equal(status, 1)
  assert.match(stderr, /nowhere: expected a folder with a file <topic>\.json per topic; it can't be read \(ENOENT\)\./)
  assert.doesNotMatch(stderr, /scandir/)
})
