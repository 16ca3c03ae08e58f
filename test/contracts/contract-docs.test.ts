// docs/contracts.md has the fields, defaults and key sources of the parser, and the fields of a record over HTTP.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { toRecords } from '../../functions/http/dialects/native/to-records.ts'
import { KEY_SOURCES_EXPECTED } from '../../lib/contracts/key-sources.ts'
import { parseHttpEvent } from '../../lib/lambda/http-event.ts'
import { CONTRACT_FORMATS } from '../../lib/schema-registry/codec-parts.ts'
import { VALUE_FORMATS } from '../../lib/serialize/formats/value-formats.ts'
import { contractsOf } from '../support/contracts.ts'
import { v2Event } from '../support/function-harness.ts'

const page = readFileSync('docs/contracts.md', 'utf8')

/** The cells of a section's table, without its head. */
function rowsOf(section: string): string[][] {
  const text = page.split(`## ${section}\n`)[1]?.split('\n## ')[0] ?? ''
  const rows = text.split('\n').filter(line => line.startsWith('|'))
  return rows.slice(2).map(row =>
    row
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  )
}

const namesOf = (section: string) => rowsOf(section).map(([name = '']) => name.replaceAll('`', ''))
const contractOf = (json: object) => contractsOf([{ topic: 't', json: json as Record<string, unknown> }]).get('t')

/** The fields that the parser names when it meets another. */
function knownFields(path: string, json: object): string[] {
  try {
    contractOf(json)
  } catch (error) {
    const [, names = ''] = /: unknown field; expected (.*)$/m.exec((error as Error).message) ?? []
    return names.split(', ').map(name => `${path}${name}`)
  }
  return assert.fail('expected an error that names the fields')
}

test('the table of the file has each field of a contract, and no other', () => {
  const sections = ['key', 'value', 'headers', 'limits', 'from', 'local']
  const single = knownFields('', { unknown: 1 }).filter(field => !sections.includes(field))
  const inSections = sections.flatMap(section => knownFields(`${section}.`, { [section]: { unknown: 1 } }))
  assert.deepEqual(namesOf('The file').sort(), [...single, ...inSections].sort())
})

test('the tables of queues and events have each field of their entries', () => {
  assert.deepEqual(namesOf('Queues'), knownFields('', { from: { sqs: [{ queue: 'q', unknown: 1 }] } }))
  const events = knownFields('', { from: { eventbridge: [{ source: ['s'], unknown: 1 }] } })
  assert.deepEqual(namesOf('EventBridge events'), events)
})

test('the table of the file has the defaults of the parser', () => {
  const contract = contractOf({})
  assert.ok(contract)
  const { description, key, value, tombstones, headers, limits, http, sqs, eventbridge, partitions } = contract
  const expected: Record<string, unknown> = {
    description,
    'key.required': key.required,
    'key.from': key.from,
    'value.format': value.codec.format,
    'value.schema': true,
    tombstones,
    'headers.required': headers.required,
    'headers.allow': headers.allow,
    ...Object.fromEntries(Object.entries(limits).map(([name, limit]) => [`limits.${name}`, limit])),
    'from.http': http,
    'from.sqs': sqs,
    'from.eventbridge': eventbridge,
    'local.partitions': partitions,
  }
  const withDefault = rowsOf('The file').filter(([, , , given]) => given !== 'none')
  const documented = withDefault.map(([name = '', , , given = '']) => [
    name.replaceAll('`', ''),
    JSON.parse(given.replaceAll('`', '')),
  ])
  assert.deepEqual(Object.fromEntries(documented), expected)
  value.codec.check({ any: ['value'] }, 'all')
})

test('the defaults of queues and events are those of the parser', () => {
  const contract = contractOf({
    from: { sqs: [{ queue: 'q' }, { queue: 'q.fifo' }], eventbridge: [{ source: ['s'] }] },
  })
  const [queue, fifo] = contract?.sqs ?? []
  const [event] = contract?.eventbridge ?? []
  const documented = (section: string) => Object.fromEntries(rowsOf(section).map(([name, , , given]) => [name, given]))
  assert.deepEqual(documented('Queues'), {
    '`queue`': 'required',
    '`unwrap`': `\`${JSON.stringify(queue?.unwrap)}\``,
    '`value`': `\`${JSON.stringify(queue?.value)}\``,
    '`key`': `that of the contract; of a FIFO queue \`${JSON.stringify(fifo?.key)}\``,
  })
  assert.equal(queue?.key, undefined)
  assert.deepEqual(documented('EventBridge events'), {
    '`source`': 'required without `pattern`',
    '`detail-type`': 'any',
    '`pattern`': 'that of `source` and `detail-type`',
    '`bus`': 'that of the deployment',
    '`value`': `\`${JSON.stringify(event?.value)}\``,
    '`key`': 'that of the contract',
  })
  assert.deepEqual([event?.pattern, event?.bus, event?.key], [{ source: ['s'] }, undefined, undefined])
})

test('the key sources and value formats are those of their registries', () => {
  assert.equal(`a list of ${namesOf('Key sources').join(', ')}`, KEY_SOURCES_EXPECTED.replace(' or ', ', '))
  const formats = namesOf('Value formats').flatMap(names => names.split(', '))
  assert.deepEqual(formats, [...Object.keys(VALUE_FORMATS), ...Object.keys(CONTRACT_FORMATS)])
})

test('the table of schemas of a registry has the fields of all its formats', () => {
  const fields = Object.values(CONTRACT_FORMATS).flatMap(format => format.fields)
  assert.deepEqual(new Set(namesOf('Schemas of a registry')), new Set(['format', ...fields]))
})

test('the fields of a record over HTTP, and the forms of headers, are those that the function takes', () => {
  const contracts = contractsOf([{ topic: 't', json: {} }])
  const post = (record: object) => {
    const headers = { 'content-type': 'application/json' }
    const request = parseHttpEvent(v2Event('POST', '/topics/t', Buffer.from(JSON.stringify(record)), headers))
    assert.ok(request)
    return toRecords(request, 't', 'r', contracts)[0]
  }
  const unknown = post({ value: 1, unknown: 1 })?.error
  assert.equal(unknown?.message, `record: expected only ${namesOf('A record over HTTP').join(', ')}.`)
  const examples = [...page.matchAll(/^```json\n(.*?)^```/gms)].map(([, json = '']) => JSON.parse(json) as object)
  assert.equal(examples.length, 2)
  for (const headers of examples) assert.equal(post({ value: 1, ...headers })?.error, undefined)
})
