// The traceparent of a record: kept, replaced, or derived from AWS's trace header.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { traceparentOf } from '../../lib/lambda/traceparent.ts'

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

test('a valid traceparent is kept, an invalid one is replaced', () => {
  assert.equal(traceparentOf(TRACEPARENT, undefined), TRACEPARENT)
  assert.match(traceparentOf(TRACEPARENT.replace('4bf9', '----'), undefined), /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
})

test('AWS’s trace header becomes a traceparent', () => {
  const aws = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
  assert.equal(traceparentOf(undefined, aws), '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01')
  assert.match(
    traceparentOf(undefined, aws.replace(/;Parent=[^;]*/, '')),
    /^00-5759e988bd862e3fe1be46a994272793-[0-9a-f]{16}-01$/,
  )
})

test('an all-zero trace of AWS begins a new one, an all-zero parent a new span', () => {
  const zeros = 'Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=1'
  const isNew = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/
  assert.match(traceparentOf(undefined, zeros), isNew)
  assert.match(traceparentOf(undefined, 'Root=1-5759e988-bd862e3fe1be46a994272793ff'), isNew)
  assert.match(
    traceparentOf(undefined, 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0000000000000000;Sampled=1'),
    /^00-5759e988bd862e3fe1be46a994272793-(?!0{16})[0-9a-f]{16}-01$/,
  )
})

test('without either header a new trace begins', () => {
  const traceparents = Array.from({ length: 1000 }, () => traceparentOf(undefined, undefined))
  for (const traceparent of traceparents) assert.match(traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  assert.equal(new Set(traceparents.map(traceparent => traceparent.slice(3, 35))).size, 1000)
  assert.equal(new Set(traceparents.map(traceparent => traceparent.slice(36, 52))).size, 1000)
})
