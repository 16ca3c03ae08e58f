// Parsing the request of a redrive: anything malformed is refused, because it could start a run.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../lib/errors.ts'
import { FILTER_FIELDS, parseRedriveRequest } from '../../lib/redrive/redrive-request.ts'
import { parseRedriveSources } from '../../lib/redrive/redrive-sources.ts'

const SCHEDULED = {
  version: '0',
  id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: '123456789012',
  time: '2015-10-08T16:53:06Z',
  region: 'us-east-1',
  resources: ['arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule'],
  detail: {},
}

const refuses = (event: unknown, words: RegExp) =>
  assert.throws(
    () => parseRedriveRequest(event),
    (error: Error) => error instanceof ConfigError && words.test(error.message),
  )

// The original bug: a request for a dry run that was encoded twice, or put in a list, sent everything.
test('a request that is not an object is refused', () => {
  for (const event of ['{"dryRun":true}', [{ dryRun: true }], [], 42, true, null]) refuses(event, /Expected an object/)
})

test('a field that is null is refused', () => {
  for (const name of ['dryRun', 'verify', 'anyTopic', 'invalid', 'from', 'topic', 'limit', 'to', 'since', 'timestamp'])
    refuses({ [name]: null }, new RegExp(`${name}: expected`))
})

// The original bug: 30 February was read as 2 March, so a discard included the dead letters of two more days.
test('a day that does not exist is refused', () => {
  for (const time of ['2026-02-30T00:00Z', '2026-02-29T00:00:00+01:00', '2026-04-31T23:59:59.999Z'])
    refuses({ until: time }, /until: expected a time with its zone/)
  const { since } = parseRedriveRequest({ since: '2028-02-29T23:30:00-05:00' })
  assert.equal(since, Date.UTC(2028, 2, 1, 4, 30))
})

test('without an event, with an empty one, or with that of a schedule, everything is redriven', () => {
  const all = parseRedriveRequest({})
  assert.equal(all.dryRun, false)
  assert.deepEqual(parseRedriveRequest(undefined), all)
  assert.deepEqual(parseRedriveRequest(SCHEDULED), all)
})

test('a request in the detail of a schedule’s event is refused', () => {
  refuses({ ...SCHEDULED, dryRun: true }, /dryRun: unknown/)
  refuses({ ...SCHEDULED, detail: { dryRun: true } }, /detail: expected no fields/)
})

/** What a request that says nothing asks for. */
const DEFAULTS = {
  verify: true,
  timestamp: 'original',
  dryRun: false,
  includeInvalid: false,
  anyTopic: false,
  overwrite: false,
  assumeRetained: false,
  otherCluster: false,
}

test('every field of a request is read, and what is not said has its default', t => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 10, 27, 12) })
  const at = (ms: number) => Date.UTC(2026, 10, 27, 12) - ms
  const rows: [event: object, expected: object][] = [
    [{}, {}],
    [{ deadLetterId: 'a' }, { deadLetterIds: ['a'] }],
    [{ topic: 'a, b' }, { topics: ['a', 'b'] }],
    [{ topic: ['a,b', ' c '] }, { topics: ['a,b', 'c'] }],
    [{ topic: 'none' }, { topics: [''] }],
    [{ notTopic: ['none', 'a'] }, { notTopics: ['', 'a'] }],
    [{ error: 'no-leader' }, { errors: ['no-leader'] }],
    [{ notError: 'no-leader' }, { notErrors: ['no-leader'] }],
    [{ outcome: 'rejected,not-sent,unknown' }, { outcomes: ['rejected', 'not-sent', 'unknown'] }],
    [{ notOutcome: ['unknown'] }, { notOutcomes: ['unknown'] }],
    [
      { invalid: false, parked: true },
      { invalid: false, parked: true },
    ],
    [
      { since: '2s', until: '3m' },
      { since: at(2000), until: at(180_000) },
    ],
    [
      { since: '10h', until: '7d' },
      { since: at(36_000_000), until: at(604_800_000) },
    ],
    [{ since: '2026-11-25T08:00Z' }, { since: Date.UTC(2026, 10, 25, 8) }],
    [{ since: '2026-11-25T08:00:07Z' }, { since: Date.UTC(2026, 10, 25, 8, 0, 7) }],
    [{ since: '2026-11-25T08:00:07.25Z' }, { since: Date.UTC(2026, 10, 25, 8, 0, 7, 250) }],
    [{ since: '2026-11-25T08:00+01:00' }, { since: Date.UTC(2026, 10, 25, 7) }],
    [{ since: '2026-11-25T08:00-0130' }, { since: Date.UTC(2026, 10, 25, 9, 30) }],
    [
      { limit: 1, rate: '20', concurrency: 3, maxAttempts: 4 },
      { limit: 1, rate: 20, concurrency: 3, maxAttempts: 4 },
    ],
    [
      { to: 'other', sourceQueue: 'orders' },
      { to: 'other', sourceQueue: 'orders' },
    ],
    [
      { verify: false, timestamp: 'now' },
      { verify: false, timestamp: 'now' },
    ],
    [{ timestamp: 'original' }, {}],
    ...['dryRun', 'includeInvalid', 'anyTopic', 'overwrite', 'assumeRetained', 'otherCluster'].map(
      (name): [object, object] => [{ [name]: true }, { [name]: true }],
    ),
  ]
  for (const [event, expected] of rows)
    assert.deepEqual(parseRedriveRequest(event), { ...DEFAULTS, ...expected }, JSON.stringify(event))
})

test('a value in a wrong form is refused, with its field, what was expected, and what came', () => {
  const time = 'expected a time with its zone (2026-11-25T08:00:00Z, 2026-11-25T08:00+01:00) or how long ago (24h); got'
  const texts = 'expected text, or several texts.'
  const rows: [event: unknown, problem: string][] = [
    ['text', 'Expected an object with the fields of a request, got a string.'],
    [7, 'Expected an object with the fields of a request, got a number.'],
    [null, 'Expected an object with the fields of a request, got null.'],
    [[{}], 'Expected an object with the fields of a request, got a list.'],
    [{ from: 7 }, 'from: expected a target as in KAFKA_DEAD_LETTER, or a queue as in KAFKA_REDRIVE_FROM.'],
    [{ topic: 7 }, `topic: ${texts}`],
    [{ topic: [] }, `topic: ${texts}`],
    [{ notTopic: ['a', 7] }, `notTopic: ${texts}`],
    [{ deadLetterId: 'a,,b' }, `deadLetterId: ${texts}`],
    [{ error: ' ' }, `error: ${texts}`],
    [{ outcome: 'rejected,lost' }, 'outcome: expected rejected, not-sent or unknown.'],
    [{ notOutcome: 'delivered' }, 'notOutcome: expected rejected, not-sent or unknown.'],
    [{ to: '' }, 'to: expected text, got none.'],
    [{ to: 7 }, 'to: expected text, got 7.'],
    [{ sourceQueue: true }, 'sourceQueue: expected text, got true.'],
    ...[
      ['10', '"10"'],
      ['1w', '"1w"'],
      ['x1d', '"x1d"'],
      ['1dx', '"1dx"'],
      [10, '10'],
      ['2026-11-25', '"2026-11-25"'],
      ['2026-11-25T08:00', 'a string'],
      ['x2026-11-25T08:00:00Z', 'a string'],
      ['2026-11-25T08:00:00Zx', 'a string'],
      ['2026-11-25T08:00:00.Z', 'a string'],
      ['2026-11-25T08:00:00+1:00', 'a string'],
      ['2026-11-25T25:00:00Z', 'a string'],
      ['2026-13-25T08:00:00Z', 'a string'],
    ].map(([value, got]): [object, string] => [{ since: value }, `since: ${time} ${got}.`]),
    ...[0, -1, 1.5, 2 ** 53, '0', '-1', '1.5', 'x1', '1x', '1e3', true].map((value): [object, string] => [
      { limit: value },
      `limit: expected a whole number above 0, got ${typeof value === 'string' ? JSON.stringify(value) : value}.`,
    ]),
    [{ rate: null }, 'rate: expected a whole number above 0, got null.'],
    [{ dryRun: 'true' }, 'dryRun: expected true or false, got "true".'],
    [{ verify: 0 }, 'verify: expected true or false, got 0.'],
    [{ invalid: 'no' }, 'invalid: expected true or false, got "no".'],
    [{ timestamp: 'then' }, 'timestamp: expected original or now, got "then".'],
    [
      { ...SCHEDULED, detail: { dryRun: true } },
      'detail: expected no fields; give a request as the input of the schedule.',
    ],
  ]
  for (const [event, problem] of rows)
    assert.throws(
      () => parseRedriveRequest(event),
      (error: unknown) => {
        assert.deepEqual(error instanceof ConfigError && error.problems, [problem], JSON.stringify(event))
        return true
      },
    )
})

test('an unknown field is refused with the list of those that exist; a schedule has others', () => {
  const filter = 'deadLetterId, topic, notTopic, error, notError, outcome, notOutcome, since, until, invalid, parked'
  assert.equal(FILTER_FIELDS.join(', '), filter)
  refuses(
    { colour: 1 },
    new RegExp(
      `colour: unknown; expected from, ${filter}, limit, rate, concurrency, maxAttempts, to, sourceQueue, dryRun, ` +
        'includeInvalid, anyTopic, overwrite, assumeRetained, otherCluster, verify, timestamp\\.$',
    ),
  )
  refuses(
    { ...SCHEDULED, topic: 'chat' },
    /topic: unknown; expected version, id, detail-type, source, account, time, region, resources, detail\.$/,
  )
  // Only the name of its type makes an event that of a schedule.
  refuses({ ...SCHEDULED, 'detail-type': 'Another Event' }, /detail-type: unknown; expected from/)
  assert.deepEqual(parseRedriveRequest({ ...SCHEDULED, detail: undefined }), DEFAULTS)
})

test('`from` may name several places; with a list of allowed ones, only these, as they are configured', () => {
  const [disk, sqlite] = parseRedriveSources('disk:/mnt/a,sqlite:/mnt/b.db', 'from', () => {})
  assert.ok(disk && sqlite)
  const { from } = parseRedriveRequest({ from: 'disk:/mnt/a,sqlite:/mnt/b.db' })
  assert.deepEqual(from, [disk, sqlite])
  const configured = { ...disk, maxBytes: 1000 } as typeof disk
  assert.deepEqual(parseRedriveRequest({ from: 'disk:/mnt/a' }, [configured, sqlite]).from, [configured])
  assert.throws(
    () => parseRedriveRequest({ from: 'disk:/mnt/c,disk:/mnt/a' }, [configured, sqlite]),
    (error: unknown) => {
      const problem = 'from: expected one of KAFKA_DEAD_LETTER, KAFKA_REDRIVE_FROM or KAFKA_REDRIVE_ALLOW, got another.'
      assert.deepEqual(error instanceof ConfigError && error.problems, [problem])
      return true
    },
  )
})
