// What the build says of a wrong contract: every problem at once, each with its field and what was expected.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseContract } from '../../lib/contracts/parse-contract.ts'

const check = () => () => ({ violations: [], truncated: false })

function problemsOf(file: unknown, topic = 't'): string[] {
  try {
    parseContract(topic, file, check)
  } catch (error) {
    return (error as Error).message.split('\n').map(line => line.replace('contracts/t.json: ', ''))
  }
  return []
}

const FIELDS = '$schema, description, key, value, tombstones, headers, limits, from, local'
const CASES: [file: unknown, ...problems: string[]][] = [
  [{}],
  [{ $schema: 's', description: 'd', key: {}, value: {}, headers: {}, limits: {}, from: {}, local: {} }],
  [{ key: { required: false, from: ['record'] }, tombstones: true, from: { http: false } }],
  ['text', 'contract: expected an object'],
  [{ colour: 'red' }, `contract.colour: unknown field; expected ${FIELDS}`],
  [{ key: 'k' }, 'key: expected an object'],
  [{ key: null }, 'key: expected an object'],
  [{ key: { format: 'json' } }, 'key.format: unknown field; expected required, from'],
  [{ key: { required: 1 } }, 'key.required: expected true or false'],
  [{ value: { format: 'xml' } }, 'value.format: expected json | text | base64'],
  [{ value: { colour: 'red' } }, 'value.colour: unknown field; expected format, schema'],
  [{ tombstones: 'yes' }, 'tombstones: expected true or false'],
  [{ from: { http: 'yes' } }, 'from.http: expected true or false'],
  [{ from: { kinesis: [] } }, 'from.kinesis: unknown field; expected http, sqs, eventbridge'],
  [{ headers: { required: 'a' } }, 'headers.required: expected a list of names'],
  [{ headers: { allow: [5] } }, 'headers.allow: expected a list of names'],
  [{ headers: { deny: [] } }, 'headers.deny: unknown field; expected required, allow'],
  [{ description: 5 }, 'description: expected text'],
  [{ $schema: 5 }, '$schema: expected text'],
  [{ limits: { keyBytes: 0 } }, 'limits.keyBytes: expected a positive integer'],
  [{ limits: { valueBytes: 1.5 } }, 'limits.valueBytes: expected a positive integer'],
  [{ limits: { headers: '5' } }, 'limits.headers: expected a positive integer'],
  [
    { limits: { bytes: 5 } },
    'limits.bytes: unknown field; expected keyBytes, valueBytes, headers, headerBytes, records',
  ],
  [{ local: { partitions: 0 } }, 'local.partitions: expected a positive integer'],
  [{ local: { brokers: 1 } }, 'local.brokers: unknown field; expected partitions'],
  [
    { tombstones: 1, headers: { allow: 1 } },
    'tombstones: expected true or false',
    'headers.allow: expected a list of names',
  ],
  [
    { value: { format: 'text' }, from: { eventbridge: [{ source: ['s'] }] } },
    'value.format: expected json where events feed it',
  ],
  [
    { value: { format: 'text' }, from: { sqs: [{ queue: 'q', unwrap: 'eventbridge' }] } },
    'value.format: expected json where events feed it',
  ],
  [
    { value: { format: 'text' }, from: { sqs: [{ queue: 'q', unwrap: 's3' }] } },
    'value.format: expected json where events feed it',
  ],
  [{ value: { format: 'text' }, from: { sqs: [{ queue: 'q', unwrap: 'sns' }] } }],
]
for (const [file, ...problems] of CASES)
  test(`the contract ${JSON.stringify(file)}: ${problems.length === 0 ? 'accepted' : problems.join('; ')}`, () => {
    const found = problemsOf(file)
    assert.equal(found.length, problems.length, found.join('\n'))
    for (const [index, problem] of problems.entries()) assert.ok(found[index]?.startsWith(problem), found[index])
  })

test('a file name that is no topic name is a problem', () => {
  for (const topic of ['a b', '..', 'x'.repeat(250), '__consumer_offsets'])
    assert.deepEqual(problemsOf({}, topic), [
      `contracts/${topic}.json: expected a file name that is a topic name ([A-Za-z0-9._-], at most 249, not "." or ` +
        '"..", no internal topic)',
    ])
})

test('an empty contract has the defaults; each field replaces its own', () => {
  const { value, ...defaults } = parseContract('t', {}, check)
  assert.equal(value.codec.isJson, true)
  assert.deepEqual(defaults, {
    topic: 't',
    description: '',
    key: { required: true, from: ['record'] },
    tombstones: false,
    headers: { required: [], allow: ['*'] },
    limits: { keyBytes: 1024, valueBytes: 900_000, headers: 50, headerBytes: 8192, records: 500 },
    http: true,
    sqs: [],
    eventbridge: [],
    partitions: 3,
  })
  const changed = parseContract(
    't',
    {
      description: 'd',
      key: { required: false, from: ['value:/a'] },
      tombstones: true,
      headers: { required: ['r'], allow: ['r'] },
      limits: { records: 1 },
      from: { http: false },
      local: { partitions: 1 },
    },
    check,
  )
  const { value: _, ...fields } = changed
  assert.deepEqual(fields, {
    ...defaults,
    description: 'd',
    key: { required: false, from: ['value:/a'] },
    tombstones: true,
    headers: { required: ['r'], allow: ['r'] },
    limits: { ...defaults.limits, records: 1 },
    http: false,
    partitions: 1,
  })
})
