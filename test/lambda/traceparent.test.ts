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

test('a trace that AWS does not sample is not sampled; a parent of another length is none', () => {
  const root = 'Root=1-5759e988-bd862e3fe1be46a994272793'
  const parent = '53995c3f42cd8ad8'
  const of = (rest: string) => traceparentOf(undefined, `${root};${rest}`)
  assert.equal(of(`Parent=${parent};Sampled=0`), `00-5759e988bd862e3fe1be46a994272793-${parent}-00`)
  assert.equal(of(`Parent=${parent}`), `00-5759e988bd862e3fe1be46a994272793-${parent}-00`)
  assert.equal(of(`Self=1-2-3;Parent=${parent};Lineage=a:0`), `00-5759e988bd862e3fe1be46a994272793-${parent}-00`)
  for (const other of [`${parent}0`, parent.slice(1), parent.toUpperCase()])
    assert.doesNotMatch(of(`Parent=${other}`), new RegExp(parent.slice(1), 'i'))
})

test('a root of another version, or with other digits, begins a new trace', () => {
  for (const root of [
    '2-5759e988-bd862e3fe1be46a994272793',
    '1-5759e98-bd862e3fe1be46a994272793',
    '1-5759E988-bd862e3fe1be46a994272793',
  ])
    assert.match(traceparentOf(undefined, `Root=${root};Sampled=1`), /^00-(?!5759e98)[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  // Only both parts together must not be zero.
  for (const [time, rest] of [
    ['00000000', '000000000000000000000001'],
    ['00000001', '000000000000000000000000'],
  ] as const)
    assert.ok(traceparentOf(undefined, `Root=1-${time}-${rest}`).startsWith(`00-${time}${rest}-`))
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
