// Which events a function recognises as those of another trigger, or as pings.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKeptBySource } from '../../lib/lambda/other-triggers.ts'
import { isHttpWarmUp, isWarmUp } from '../../lib/lambda/warm-up.ts'

const POLLED = { eventSource: 'aws:sqs' }

test('requests, and events that are polled from a queue or a stream, go back to their source', () => {
  for (const event of [
    [POLLED],
    [POLLED, { eventSource: 'aws:kinesis' }],
    { Records: [POLLED] },
    { Records: [{}, POLLED] },
    { eventSource: 'aws:kafka', records: {} },
    { requestContext: {} },
    { raw_path: '/topics/chat' },
  ])
    assert.equal(isKeptBySource(event), true, JSON.stringify(event))
})

test('events of services that invoke asynchronously do not go back, nor does anything unknown', () => {
  for (const event of [
    undefined,
    null,
    'text',
    [],
    [{}],
    [POLLED, {}],
    [POLLED, null],
    {},
    { Records: [] },
    { Records: [{ eventSource: 'aws:s3' }, { eventSource: 'aws:ses' }, { eventSource: 'aws:codecommit' }] },
    { Records: [{ EventSource: 'aws:sns' }] },
    { Records: [], requestContext: {} },
    { eventSource: 'aws:s3' },
    { eventSource: 5 },
    { requestContext: 'text' },
    { raw_path: 5 },
  ])
    assert.equal(isKeptBySource(event), false, JSON.stringify(event))
})

test('a ping names its sender, and has nothing of an event', () => {
  const pings = [
    { source: 'serverless-plugin-warmup' },
    { source: 'serverless-plugin-lambda-warmup' },
    { warmer: true },
    { warmer: true, concurrency: 3 },
  ]
  for (const ping of pings) {
    assert.equal(isWarmUp(ping), true, JSON.stringify(ping))
    assert.equal(isHttpWarmUp(ping), true, JSON.stringify(ping))
    for (const field of ['detail', 'Records', 'body']) assert.equal(isWarmUp({ ...ping, [field]: null }), false, field)
  }
  for (const event of [undefined, null, [pings[0]], {}, { source: 'shop' }, { warmer: 'true' }, { warmer: false }])
    assert.equal(isWarmUp(event), false, JSON.stringify(event))
})

test('a schedule keeps the HTTP function warm; another event of the bus does not', () => {
  const scheduled = { 'detail-type': 'Scheduled Event', detail: {} }
  for (const source of ['aws.events', 'aws.scheduler']) {
    assert.equal(isHttpWarmUp({ ...scheduled, source }), true, source)
    assert.equal(isWarmUp({ ...scheduled, source }), false, source)
    assert.equal(isHttpWarmUp({ source, 'detail-type': 'Other' }), false, source)
  }
  for (const event of [undefined, {}, scheduled, { ...scheduled, source: 'shop' }])
    assert.equal(isHttpWarmUp(event), false, JSON.stringify(event))
})
