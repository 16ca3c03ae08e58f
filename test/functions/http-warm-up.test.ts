// Pings that keep the HTTP function warm are answered and counted, and nothing is sent.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { httpHarness, recordsOf, v2Event } from '../support/function-harness.ts'

// The sample has the name of a Java field; EventBridge sends `detail-type`.
const { detailType, ...sample } = JSON.parse(readFileSync('test/events/eventbridge-scheduled.json', 'utf8'))
const scheduled = { ...sample, 'detail-type': detailType }
const PINGS: Readonly<Record<string, unknown>> = {
  'serverless-plugin-warmup': { source: 'serverless-plugin-warmup' },
  'serverless-plugin-lambda-warmup': { source: 'serverless-plugin-lambda-warmup' },
  'lambda-warmer': { warmer: true, concurrency: 3 },
  'lambda-warmer, one of several': { warmer: true, __WARMER_INVOCATION__: 2, __WARMER_CONCURRENCY__: 3 },
  'a rule of EventBridge': scheduled,
  'EventBridge Scheduler': { ...scheduled, source: 'aws.scheduler', detail: '{}' },
}

for (const [name, event] of Object.entries(PINGS))
  test(`${name}: a ping is answered 200 and counted`, async () => {
    process.env.POWERTOOLS_DEV = 'false'
    try {
      const harness = httpHarness()
      const { statusCode, headers, body } = await harness.invoke(event)
      assert.deepEqual([statusCode, body], [200, '{"status":"warm"}'])
      assert.deepEqual(headers, { 'content-type': 'application/json' })
      assert.equal(recordsOf(harness).length, 0)
      const lines = harness.logged.filter(line => line.includes('"message":"invocation"')).map(line => JSON.parse(line))
      assert.deepEqual(
        lines.map(({ ignored, IgnoredEvents }) => [ignored, IgnoredEvents]),
        [[{ 'warm-up': 1 }, 1]],
      )
    } finally {
      process.env.POWERTOOLS_DEV = 'true'
    }
  })

test('a request whose body looks like a ping, and another event of EventBridge, are no pings', async () => {
  const harness = httpHarness()
  const request = v2Event('POST', '/topics/chat', Buffer.from('{"warmer":true}'), {
    'content-type': 'application/json',
  })
  assert.equal((await harness.invoke(request)).statusCode, 400)
  await assert.rejects(harness.invoke({ ...scheduled, 'detail-type': 'Order' }), { code: 'bad-value' })
  await assert.rejects(harness.invoke({ ...scheduled, source: 'shop' }), { code: 'bad-value' })
})
