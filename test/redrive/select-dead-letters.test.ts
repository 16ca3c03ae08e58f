// Which dead letters a filter selects, how they are grouped, and which names in a filter exist nowhere.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NameCheck } from '../../lib/redrive/name-check.ts'
import { DeadLetterResultCounts } from '../../lib/redrive/result-counts.ts'
import {
  type DeadLetterFilter,
  DeadLetterGroups,
  isParked,
  isTried,
  lastError,
  matches,
  type SelectableDeadLetter,
} from '../../lib/redrive/select-dead-letters.ts'

interface Parts {
  readonly topic?: string | null
  readonly code?: string
  readonly kind?: 'invalid-record' | 'delivery-failure'
  readonly outcome?: 'rejected' | 'not-sent' | 'unknown'
  readonly lastAt?: string
  readonly count?: number
  readonly lastCode?: string | null
}

const deadLetterWith = (id: string, parts: Parts = {}): SelectableDeadLetter => ({
  deadLetterId: id,
  record: { topic: parts.topic === undefined ? 'chat' : parts.topic },
  failure: {
    code: parts.code ?? 'unreachable',
    kind: parts.kind ?? 'delivery-failure',
    outcome: parts.outcome ?? 'not-sent',
    lastAt: parts.lastAt ?? '2026-01-01T00:00:00.000Z',
  },
  redrive: { count: parts.count ?? 0, lastCode: parts.lastCode ?? null },
})

const NEW_YEAR = Date.parse('2026-01-01T00:00:00.000Z')

test('a dead letter matches a filter if each of its conditions holds', () => {
  const rows: [filter: DeadLetterFilter, parts: Parts, expected: boolean][] = [
    [{}, {}, true],
    [{ topics: ['chat', 'other'] }, {}, true],
    [{ topics: ['other'] }, {}, false],
    [{ topics: [''] }, { topic: null }, true],
    [{ topics: [''] }, {}, false],
    [{ notTopics: ['chat'] }, {}, false],
    [{ notTopics: ['other'] }, {}, true],
    [{ topics: ['chat'], notTopics: ['chat'] }, {}, false],
    [{ errors: ['unreachable'] }, { lastCode: 'no-leader' }, true],
    [{ errors: ['no-leader'] }, { lastCode: 'no-leader' }, true],
    [{ errors: ['no-leader'] }, {}, false],
    [{ notErrors: ['no-leader'] }, { lastCode: 'no-leader' }, false],
    [{ notErrors: ['no-leader'] }, {}, true],
    [{ outcomes: ['unknown'] }, { outcome: 'unknown' }, true],
    [{ outcomes: ['unknown'] }, {}, false],
    [{ notOutcomes: ['not-sent'] }, {}, false],
    [{ notOutcomes: ['unknown'] }, {}, true],
    [{ invalid: true }, { kind: 'invalid-record' }, true],
    [{ invalid: true }, {}, false],
    [{ invalid: false }, { kind: 'invalid-record' }, false],
    [{ invalid: false }, {}, true],
    [{ parked: true }, { count: 5 }, true],
    [{ parked: true }, { count: 4 }, false],
    [{ parked: false }, { count: 5 }, false],
    [{ parked: false }, { count: 4 }, true],
    [{ deadLetterIds: ['a', 'b'] }, {}, true],
    [{ deadLetterIds: ['b'] }, {}, false],
    [{ since: NEW_YEAR }, {}, true],
    [{ since: NEW_YEAR + 1 }, {}, false],
    [{ until: NEW_YEAR }, {}, true],
    [{ until: NEW_YEAR - 1 }, {}, false],
    [{ since: NEW_YEAR - 1, until: NEW_YEAR + 1 }, {}, true],
    [{ since: NEW_YEAR + 1, until: NEW_YEAR + 2 }, {}, false],
    // Without a condition on the time, one that can't be read selects as well.
    [{}, { lastAt: 'no time' }, true],
    [{ since: 0 }, { lastAt: 'no time' }, false],
    [{ until: NEW_YEAR }, { lastAt: 'no time' }, false],
  ]
  for (const [filter, parts, expected] of rows)
    assert.equal(matches(deadLetterWith('a', parts), filter), expected, JSON.stringify([filter, parts]))
  assert.equal(matches(deadLetterWith('a', { count: 2 }), { parked: true }, 2), true)
})

test('a redrive tries what is neither parked nor invalid, or invalid if it may be', () => {
  const invalid = deadLetterWith('a', { kind: 'invalid-record' })
  assert.equal(isTried(deadLetterWith('a'), { includeInvalid: false }), true)
  assert.equal(isTried(invalid, { includeInvalid: false }), false)
  assert.equal(isTried(invalid, { includeInvalid: true }), true)
  assert.equal(isTried(deadLetterWith('a', { count: 5 }), { includeInvalid: true }), false)
  assert.equal(isTried(deadLetterWith('a', { count: 5 }), { includeInvalid: true, maxAttempts: 6 }), true)
  assert.deepEqual(
    [4, 5].map(count => isParked(deadLetterWith('a', { count }))),
    [false, true],
  )
  assert.deepEqual(
    [1, 2].map(count => isParked(deadLetterWith('a', { count }), 2)),
    [false, true],
  )
  assert.equal(lastError(deadLetterWith('a', { lastCode: 'no-leader' })), 'no-leader')
  assert.equal(lastError(deadLetterWith('a')), 'unreachable')
})

test('a group has what is alike: topic, error, last error, outcome and kind; the largest comes first', () => {
  const groups = new DeadLetterGroups(2)
  const different: Parts[] = [
    {},
    { topic: null },
    { code: 'no-leader' },
    { lastCode: 'quota' },
    { outcome: 'unknown' },
    { kind: 'invalid-record' },
  ]
  for (const [index, parts] of different.entries()) groups.add(deadLetterWith(`${index}`, parts))
  assert.equal(groups.list().length, different.length)
  groups.add(deadLetterWith('later', { topic: null, lastAt: '2026-01-03T00:00:00.000Z', count: 2 }))
  groups.add(deadLetterWith('earlier', { topic: null, lastAt: '2025-12-31T00:00:00.000Z', count: 1 }))
  assert.deepEqual(groups.list()[0], {
    topic: null,
    error: 'unreachable',
    lastError: 'unreachable',
    outcome: 'not-sent',
    isInvalid: false,
    deadLetters: 3,
    parked: 1,
    oldest: '2025-12-31T00:00:00.000Z',
    newest: '2026-01-03T00:00:00.000Z',
    sample: '1',
  })
  assert.deepEqual(
    groups.list().map(({ deadLetters }) => deadLetters),
    [3, 1, 1, 1, 1, 1],
  )
  assert.equal(groups.list().find(({ isInvalid }) => isInvalid)?.sample, '5')
  const byDefault = new DeadLetterGroups()
  for (const count of [4, 5]) byDefault.add(deadLetterWith(`${count}`, { count }))
  assert.equal(byDefault.list()[0]?.parked, 1)
})

test('names in a filter that no dead letter, contract or error has are named, each in a sentence', () => {
  const problemsOf = (filter: DeadLetterFilter, ...seen: readonly SelectableDeadLetter[]) => {
    const check = new NameCheck(filter, new Map([['orders', {}]]) as never)
    for (const deadLetter of seen) check.see(deadLetter)
    return { all: check.problems(), ids: check.missingIds(), negated: check.negatedProblems() }
  }
  const noTopic = 'No contract and no open dead letter has the topic chat.'
  const noError = 'No open dead letter has the error own-code, and it is not a known code.'
  const one = deadLetterWith('a', { code: 'own-code' })
  const rows: [
    DeadLetterFilter,
    readonly SelectableDeadLetter[],
    all: readonly string[],
    negated?: readonly string[],
  ][] = [
    [{}, [], []],
    [{ deadLetterIds: ['a', 'b'] }, [one], ['No open dead letter has the id b.']],
    [{ topics: ['chat'] }, [], [noTopic]],
    [{ topics: ['chat'] }, [one], []],
    [{ topics: ['chat'] }, [deadLetterWith('a', { topic: null })], [noTopic]],
    [{ topics: ['orders', ''] }, [], []],
    [{ notTopics: ['chat'] }, [], [noTopic], [noTopic]],
    [{ notTopics: ['chat'] }, [one], [], []],
    [{ notTopics: ['orders', ''] }, [], [], []],
    [{ errors: ['own-code'] }, [], [noError]],
    [{ errors: ['own-code'] }, [one], []],
    [{ errors: ['own-code'] }, [deadLetterWith('a', { lastCode: 'own-code' })], []],
    [{ errors: ['own-code'] }, [deadLetterWith('a')], [noError]],
    [{ errors: ['no-leader', 'schema'] }, [], []],
    [{ notErrors: ['own-code'] }, [], [noError], [noError]],
    [{ notErrors: ['own-code'] }, [one], [], []],
    [{ notErrors: ['no-leader'] }, [], [], []],
  ]
  for (const [filter, seen, all, negated = []] of rows) {
    const problems = problemsOf(filter, ...seen)
    assert.deepEqual([problems.all, problems.negated], [all, negated], JSON.stringify(filter))
  }
  assert.deepEqual(problemsOf({ deadLetterIds: ['a', 'b'] }, one).ids, ['b'])
  assert.deepEqual(problemsOf({}, one).ids, [])
})

test('the results of a run are counted: what was sent, found, would be sent, and stays, by code', () => {
  const counts = new DeadLetterResultCounts()
  const of = { deadLetterId: 'a', location: 'disk:a' }
  const record = 'kafka:chat-0@1'
  counts.add({ ...of, result: 'sent', record })
  counts.add({ ...of, result: 'sent', record })
  counts.add({ ...of, result: 'found', record })
  for (let n = 0; n < 3; n++) counts.add({ ...of, result: 'would-send', topic: 'chat' })
  for (const code of ['no-leader', 'no-leader', 'invalid', 'parked']) counts.add({ ...of, result: 'kept', code })
  const { sent, found, wouldSend, kept, done } = counts
  const byCode = { 'no-leader': 2, invalid: 1, parked: 1 }
  assert.deepEqual([sent, found, wouldSend, Object.fromEntries(kept)], [2, 1, 3, byCode])
  assert.equal(done, 8, 'what is invalid or parked was not tried')
})
