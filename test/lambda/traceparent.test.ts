import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { traceparentOf } from '../../lib/lambda/traceparent.ts'

const GIVEN = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

test('the caller’s traceparent is kept; one that is not well formed is not', () => {
  assert.equal(traceparentOf(GIVEN, undefined, randomUUID), GIVEN)
  assert.match(traceparentOf(GIVEN.replace('4bf9', '----'), undefined, randomUUID), /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
})

test('AWS’s trace header becomes a traceparent', () => {
  const aws = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
  assert.equal(traceparentOf(undefined, aws, randomUUID), '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01')
  assert.match(traceparentOf(undefined, aws.replace(/;Parent=[^;]*/, ''), randomUUID), /^00-5759e988bd862e3fe1be46a994272793-[0-9a-f]{16}-01$/)
})

test('without either a new trace begins', () => {
  assert.notEqual(traceparentOf(undefined, undefined, randomUUID), traceparentOf(undefined, undefined, randomUUID))
})
