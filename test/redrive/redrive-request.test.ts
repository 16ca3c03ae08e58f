// Parsing the request of a redrive: anything malformed is refused, because it could start a run.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../lib/errors.ts'
import { parseRedriveRequest } from '../../lib/redrive/redrive-request.ts'

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
