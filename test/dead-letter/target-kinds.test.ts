// The texts of targets in KAFKA_DEAD_LETTER: how they are parsed, and the errors for wrong ones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeadLetterTargetsContext, parseDeadLetterTargets } from '../../lib/config/dead-letter-targets.ts'
import { storeKindOf } from '../../lib/dead-letter/store-kinds.ts'
import { createTarget, type DeadLetterTargetConfig } from '../../lib/dead-letter/target-kinds.ts'
import { ConfigError } from '../../lib/errors.ts'

const EXAMPLES: { readonly [Name in DeadLetterTargetConfig['kind']]: readonly [text: string, shown: string] } = {
  sqs: ['sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/letters', 'sqs:…/letters'],
  s3: ['s3:letters/prod', 's3:letters/prod'],
  dynamodb: ['dynamodb:letters', 'dynamodb:letters'],
  kafka: ['kafka:{topic}-dlt@other:9092', 'kafka:{topic}-dlt'],
  disk: ['disk:/mnt/letters', 'disk:/mnt/letters'],
  sqlite: ['sqlite:/mnt/letters.db', 'sqlite:/mnt/letters.db'],
}

function parse(text: string, context: Partial<DeadLetterTargetsContext> = {}) {
  const problems: string[] = []
  const targets = parseDeadLetterTargets(
    text,
    { setting: 'KAFKA_DEAD_LETTER', use: 'write', isInsideLambda: true, ...context },
    problem => problems.push(problem),
  )
  return { targets, problems }
}

for (const [kind, [text, shown]] of Object.entries(EXAMPLES))
  test(`${kind}: its text is parsed, described without an address, and creates a target`, async () => {
    const { targets, problems } = parse(text)
    assert.deepEqual(problems, [])
    assert.equal(targets.length, 1)
    const [target] = targets as [DeadLetterTargetConfig]
    assert.equal(target.kind, kind)
    assert.ok(Object.isFrozen(target))
    assert.equal(storeKindOf(target).describe(target), shown)
    const created = createTarget(target, { createProducer: () => assert.fail('no producer before a dead letter') })
    await created.close()
  })

// The original bug: the message for `--from dsk:x` said "got something else", which does not show what is wrong.
test('the error for an unknown kind of target lists the form of each kind, and says what it got', () => {
  const got: Record<string, string> = {
    'ftp:there': 'ftp:.',
    'dsk:./x': 'dsk:. Did you mean disk:?',
    'sqlit:x.db': 'sqlit:. Did you mean sqlite:?',
    'toString:x': 'toString:.',
    '__proto__:x': 'something else.',
    'https://user:secret@host/q': 'https:.',
    'a secret:x': 'something else.',
    disk: 'a text without a kind.',
  }
  for (const [text, words] of Object.entries(got)) {
    const { targets, problems } = parse(text)
    assert.deepEqual(targets, [])
    assert.deepEqual(problems, [
      'KAFKA_DEAD_LETTER: expected none, sqs:<queue URL>, s3:<bucket>/<prefix>, dynamodb:<table>, ' +
        'kafka:{topic}-dlt@<host:port>, disk:<folder> or sqlite:<file>, several separated by commas; ' +
        `got ${words}`,
    ])
  }
})

test('the error for a target of a known kind has the form of that kind', () => {
  for (const [text, syntax] of [
    ['disk:%zz', 'disk:<folder>'],
    ['sqlite:', 'sqlite:<file>'],
  ] as const)
    assert.deepEqual(parse(text).problems, [`KAFKA_DEAD_LETTER: expected ${syntax}, got another form.`])
})

test('requirements for writing do not apply to reading; a problem names the setting of the text', () => {
  const read = { setting: 'from', use: 'read' } as const
  for (const [text, problem] of [
    ['kafka:', /^KAFKA_DEAD_LETTER: expected a target beside kafka: on the same cluster/],
    ['disk:/tmp/letters', /^KAFKA_DEAD_LETTER: expected a path below \/mnt\//],
    ['disk:.dead-letters', /^KAFKA_DEAD_LETTER: expected a path below \/mnt\//],
    ['sqlite:/var/task/letters.db', /^KAFKA_DEAD_LETTER: expected a path below \/mnt\//],
    ['sqlite:/tmp/letters.db', /^KAFKA_DEAD_LETTER: expected a path below \/mnt\//],
  ] as const) {
    assert.match(parse(text).problems.join(), problem)
    assert.deepEqual(parse(text, read).problems, [])
    assert.equal(parse(text, read).targets.length, 1)
  }
  assert.match(parse('ftp:there', read).problems.join(), /^from: expected none, sqs:/)
  // A FIFO queue is never a target, so no message in one is a dead letter.
  const fifo = 'sqs:https://sqs.eu-west-1.amazonaws.com/1/orders-failures.fifo'
  assert.match(parse(fifo).problems.join(), /^KAFKA_DEAD_LETTER: expected a standard queue/)
  assert.match(parse(fifo, read).problems.join(), /^from: expected a standard queue, .* source-dlq:/)
})

test('kafka: without a producer, creating the target fails, not storing the first dead letter', () => {
  const [target] = parse(EXAMPLES.kafka[0]).targets as [DeadLetterTargetConfig]
  assert.throws(() => createTarget(target), ConfigError)
})
