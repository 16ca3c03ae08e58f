// `from` in contracts/<topic>.json: defaults, and build errors that name the field.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withQueuePrefix } from '../../lib/contracts/queue-prefix.ts'
import { routeOfQueue } from '../../lib/contracts/route.ts'
import { contractsOf } from '../support/contracts.ts'

const contracts = (files: Record<string, object>) =>
  contractsOf(Object.entries(files).map(([topic, json]) => ({ topic, json: json as Record<string, unknown> })))
const problem = (from: object) => {
  try {
    contracts({ t: { from } })
  } catch (error) {
    return (error as Error).message
  }
  return ''
}

test('defaults: the key of a FIFO queue is its message group, the value of an event is its detail', () => {
  const contract = contracts({
    t: { from: { sqs: [{ queue: 'a' }, { queue: 'b.fifo' }], eventbridge: [{ source: ['s'] }] } },
  }).get('t')
  assert.deepEqual(contract?.sqs, [
    { queue: 'a', unwrap: [], value: 'detail', key: undefined },
    { queue: 'b.fifo', unwrap: [], value: 'detail', key: ['sqs:MessageGroupId'] },
  ])
  assert.deepEqual(contract?.eventbridge, [
    { pattern: { source: ['s'] }, bus: undefined, value: 'detail', key: undefined },
  ])
})

test('wrappings are a list from outside in; a single one needs no list', () => {
  const unwraps = ['none', 'sns', ['s3'], ['sns', 'eventbridge']]
  const sqs = unwraps.map((unwrap, index) => ({ queue: `q${index}`, unwrap }))
  assert.deepEqual(
    contracts({ t: { from: { sqs } } })
      .get('t')
      ?.sqs.map(({ unwrap }) => unwrap),
    [[], ['sns'], ['s3'], ['sns', 'eventbridge']],
  )
  assert.match(
    problem({ sqs: [{ queue: 'a', unwrap: ['sns'], value: 'event' }] }),
    /value: expected only with unwrap eventbridge/,
  )
})

test('an error names each wrong field', () => {
  const cases: [object, RegExp][] = [
    [{ sqs: {} }, /from\.sqs: expected a list/],
    [{ sqs: [{ queue: 'no spaces' }] }, /from\.sqs\[0\]\.queue/],
    // The original bug: the feed claimed a queue with the name "undefined".
    [{ sqs: [{}] }, /from\.sqs\[0\]\.queue: expected the name of a queue/],
    [{ sqs: [{ queue: 'a', unwrap: 'gzip' }] }, /from\.sqs\[0\]\.unwrap: expected none \| sns \| eventbridge \| s3/],
    [{ sqs: [{ queue: 'a', unwrap: ['s3', 'sns'] }] }, /from\.sqs\[0\]\.unwrap: .* from outside in \["sns", "s3"\]/],
    [{ sqs: [{ queue: 'a.fifo', unwrap: ['sns', 's3'] }] }, /S3 notifies standard queues only/],
    [{ sqs: [{ queue: 'a', colour: 'red' }] }, /from\.sqs\[0\]\.colour: unknown field/],
    [{ sqs: [{ queue: 'a', value: 'event' }] }, /from\.sqs\[0\]\.value: expected only with unwrap eventbridge/],
    [{ sqs: [{ queue: 'a.fifo', unwrap: 's3' }] }, /S3 notifies standard queues only/],
    [{ sqs: [{ queue: 'a', key: 'header:x' }] }, /from\.sqs\[0\]\.key: expected a list of record/],
    [{ eventbridge: [{}] }, /from\.eventbridge\[0\]\.source: expected a list of sources/],
    [
      { eventbridge: [{ source: ['s'], pattern: { source: ['s'] } }] },
      /from\.eventbridge\[0\]\.pattern: expected in the place of source and detail-type, got both/,
    ],
    [
      { eventbridge: [{ pattern: { detail: { state: [{ prefx: 'a' }] } } }] },
      /from\.eventbridge\[0\]\.pattern\.detail\.state\[0\]: expected an event pattern of EventBridge/,
    ],
    [{ eventbridge: [{ pattern: {} }] }, /from\.eventbridge\[0\]\.pattern: expected an event pattern/],
    [
      { eventbridge: [{ source: ['s'], bus: 'arn:aws:events:eu-west-1:1:event-bus/b' }] },
      /from\.eventbridge\[0\]\.bus: expected the name of an event bus/,
    ],
    [{ eventbridge: [{ source: ['s'], 'detail-type': 'T' }] }, /from\.eventbridge\[0\]\.detail-type: expected a list/],
  ]
  for (const [from, says] of cases) assert.match(problem(from), says)
})

test('two contracts that claim one queue or event are refused', () => {
  const sqs = { from: { sqs: [{ queue: 'q' }] } }
  assert.throws(
    () => contracts({ a: sqs, b: sqs }),
    /contracts\/a\.json and contracts\/b\.json: both claim the queue q/,
  )
  const event = (detailTypes?: string[]) => ({
    from: { eventbridge: [{ source: ['s'], ...(detailTypes ? { 'detail-type': detailTypes } : {}) }] },
  })
  assert.throws(() => contracts({ a: event(), b: event(['T']) }), /both claim events of s/)
  assert.equal(contracts({ a: event(['T']), b: event(['U']) }).size, 2)
  const pattern = (detail: object) => ({ from: { eventbridge: [{ pattern: { source: ['s'], detail } }] } })
  assert.throws(() => contracts({ a: event(), b: pattern({ type: ['x'] }) }), /both claim events of s/)
  assert.throws(() => contracts({ a: pattern({ n: [1] }), b: pattern({ n: [{ exists: true }] }) }), /both claim/)
  assert.equal(contracts({ a: pattern({ type: ['x'] }), b: pattern({ type: ['y'] }) }).size, 2)
})

test('KAFKA_QUEUE_PREFIX: a stage claims its own queues, and no other stage’s', () => {
  const staging = withQueuePrefix(
    contracts({ t: { from: { sqs: [{ queue: 'a' }, { queue: 'b.fifo' }] } } }),
    'staging-',
  )
  assert.equal(routeOfQueue(staging, 'staging-a')?.contract.topic, 't')
  assert.equal(routeOfQueue(staging, 'staging-b.fifo')?.feed?.queue, 'staging-b.fifo')
  assert.equal(routeOfQueue(staging, 'a'), undefined)
})
