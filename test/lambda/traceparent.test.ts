import assert from 'node:assert/strict'
import { test } from 'node:test'
import { traceparentOf } from '../../lib/lambda/traceparent.ts'

const GIVEN = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

test('the caller’s traceparent is kept; one that is not well formed is not', () => {
  assert.equal(traceparentOf(GIVEN, undefined), GIVEN)
  assert.match(traceparentOf(GIVEN.replace('4bf9', '----'), undefined), /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
})

test('AWS’s trace header becomes a traceparent', () => {
  const aws = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
  assert.equal(traceparentOf(undefined, aws), '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01')
  assert.match(
    traceparentOf(undefined, aws.replace(/;Parent=[^;]*/, '')),
    /^00-5759e988bd862e3fe1be46a994272793-[0-9a-f]{16}-01$/,
  )
})

test('without either a new trace begins', () => {
  const made = Array.from({ length: 1000 }, () => traceparentOf(undefined, undefined))
  for (const one of made) assert.match(one, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  assert.equal(new Set(made.map(one => one.slice(3, 35))).size, 1000)
  assert.equal(new Set(made.map(one => one.slice(36, 52))).size, 1000)
})
