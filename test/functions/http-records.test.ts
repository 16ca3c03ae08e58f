// Which media types a request may have, and what is said of headers that have not the form of a record's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toRecords } from '../../functions/http/dialects/native/to-records.ts'
import { contractsOf } from '../support/contracts.ts'

const contracts = contractsOf([{ topic: 't', json: { key: { required: false } } }])
const recordsOf = (contentType: string | undefined, body = '{"value":1}') =>
  toRecords(
    {
      kind: 'apigw-v2',
      method: 'POST',
      path: '/topics/t',
      routePath: undefined,
      pathParameters: {},
      stage: undefined,
      headers: contentType === undefined ? {} : { 'content-type': contentType },
      body,
      requestId: 'r-1',
      principal: undefined,
    },
    't',
    'r-1',
    contracts,
  )

test('a body is application/json in UTF-8, however that is written', () => {
  for (const type of [
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json; charset="UTF-8"',
    'application/json; charset=utf8; profile=x',
  ])
    assert.equal(recordsOf(type).length, 1, type)
  for (const type of [
    undefined,
    '',
    'text/json',
    'application/json-seq',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8x',
    'application/json; charset=charset=utf-8',
  ])
    assert.throws(() => recordsOf(type), { code: 'media-type', status: 415 }, String(type))
})

test('headers that are neither a list nor an object are refused', () => {
  for (const headers of ['"text"', '5', 'true', 'null']) {
    const [record] = recordsOf('application/json', `{"value":1,"headers":${headers}}`)
    assert.equal(record?.error?.code, 'bad-header', headers)
    assert.equal(record.error.message, 'headers: expected a list of {"name","value"} or an object.')
  }
})
