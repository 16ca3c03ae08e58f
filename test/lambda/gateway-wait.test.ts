// How long each kind of gateway in front of an HTTP function still waits, by its own clock if that is plausible.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { gatewayWait } from '../../lib/lambda/gateway-wait.ts'
import { type KafkaContext, kafkaProducer } from '../../lib/lambda/kafka-producer-middleware.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { httpHarness, recordsOf, v2Event } from '../support/function-harness.ts'

const NOW = 1_790_000_000_000
const config = parseConfig({ bootstrapServers: 'a:1,b:1' }, {})
const leaves = (event: unknown, limits: object = {}) => gatewayWait(event, { ...config, ...limits }, NOW)

const restApi = (requestTimeEpoch?: unknown) => ({
  resource: '/topics/{topic}',
  httpMethod: 'POST',
  requestContext: { requestId: 'r-1', requestTimeEpoch },
})
const httpApi = (timeEpoch?: unknown) => ({
  version: '2.0',
  requestContext: { http: {}, domainName: 'a1b2c3.execute-api.eu-west-1.amazonaws.com', timeEpoch },
})
const functionUrl = (timeEpoch?: unknown) => ({
  version: '2.0',
  requestContext: { http: {}, domainName: 'a1b2c3d4e5.lambda-url.eu-west-1.on.aws', timeEpoch },
})
const alb = { httpMethod: 'POST', path: '/', requestContext: { elb: { targetGroupArn: 'arn:aws:…' } } }
const lattice1 = { raw_path: '/', method: 'POST' }
const lattice2 = (timeEpoch?: unknown) => ({
  version: '2.0',
  path: '/',
  method: 'POST',
  requestContext: { targetGroupArn: 'arn:aws:…', identity: {}, timeEpoch },
})
const webSocket = (requestTimeEpoch: number) => ({
  requestContext: { routeKey: 'send', eventType: 'MESSAGE', connectionId: 'c', requestTimeEpoch },
})

const LEFT: readonly [name: string, event: unknown, remainingMs: number][] = [
  ['REST API: 29 s from its receipt, less 1 s', restApi(NOW - 4000), 24_000],
  ['REST API without a time', restApi(), 28_000],
  ['WebSocket API: 29 s', webSocket(NOW - 4000), 24_000],
  ['HTTP API: 30 s from its receipt, less 1 s', httpApi(NOW - 4000), 25_000],
  ['HTTP API whose clock is a little ahead', httpApi(NOW + 3000), 29_000],
  ['HTTP API whose time is used up', httpApi(NOW - 40_000), -11_000],
  ['function URL: as long as Lambda', functionUrl(NOW - 4000), Number.POSITIVE_INFINITY],
  ['load balancer: its idle timeout, from now on', alb, 59_000],
  ['VPC Lattice 1.0: its idle timeout, from now on', lattice1, 59_000],
  ['VPC Lattice 2.0: its idle timeout from its receipt, in µs as text', lattice2(`${NOW - 4000}123`), 55_000],
]
for (const [name, event, remainingMs] of LEFT)
  test(name, () => assert.deepEqual(leaves(event), { remainingMs, isClockIgnored: false }))

test('KAFKA_HTTP_DEADLINE_MS shortens the deadline of every kind of gateway, and lengthens none', () => {
  for (const event of [restApi(NOW), httpApi(NOW), functionUrl(NOW), alb, lattice1, lattice2(`${NOW}000`)]) {
    assert.equal(leaves(event, { httpDeadlineMs: 10_000 })?.remainingMs, 10_000)
    assert.equal(
      leaves(event, { httpDeadlineMs: 900_000 })?.remainingMs,
      Math.min(900_000, leaves(event)?.remainingMs ?? 0),
    )
  }
})

test('KAFKA_HTTP_IDLE_TIMEOUT_MS is that of load balancer and VPC Lattice alone', () => {
  for (const event of [alb, lattice1, lattice2(`${NOW}000`)])
    assert.equal(leaves(event, { httpIdleTimeoutMs: 5000 })?.remainingMs, 4000)
  assert.equal(leaves(httpApi(NOW), { httpIdleTimeoutMs: 5000 })?.remainingMs, 29_000)
})

const UNTRUE: readonly [name: string, event: unknown][] = [
  ['seconds', httpApi(Math.floor(NOW / 1000))],
  ['zero', restApi(0)],
  ['a negative time', restApi(-1)],
  ['a time of the future', httpApi(NOW + 60_001)],
  ['microseconds as a number', httpApi(NOW * 1000)],
  ['a saved event', lattice2('1690497599177430')],
  ['milliseconds where microseconds belong', lattice2(String(NOW))],
  ['older than the deadline and a minute', httpApi(NOW - 29_000 - 60_001)],
]
for (const [name, event] of UNTRUE)
  test(`a clock that can’t be true is ignored, and the time counts from now on: ${name}`, () => {
    const { remainingMs, isClockIgnored } = leaves(event) ?? {}
    assert.equal(isClockIgnored, true)
    assert.ok(remainingMs === 28_000 || remainingMs === 29_000 || remainingMs === 59_000)
  })

test('a clock may be a minute ahead, or a minute behind what the deadline allows', () => {
  assert.deepEqual(leaves(httpApi(NOW + 60_000)), { remainingMs: 29_000, isClockIgnored: false })
  assert.deepEqual(leaves(httpApi(NOW - 89_000)), { remainingMs: -60_000, isClockIgnored: false })
})

test('what is no time is none: a number with a fraction, or a text that is no number of at most 18 digits', () => {
  for (const timeEpoch of ['', '12a', 'a12', '1'.repeat(19), null])
    assert.deepEqual(leaves(lattice2(timeEpoch)), { remainingMs: 59_000, isClockIgnored: false })
  const requestContext = { http: {}, timeEpoch: 0.5, requestTimeEpoch: NOW - 1000 }
  assert.deepEqual(leaves({ requestContext }), { remainingMs: 28_000, isClockIgnored: false })
})

test('a REST API is known by resource and method, a WebSocket API by its time', () => {
  const { resource, httpMethod, requestContext } = restApi()
  assert.deepEqual(leaves({ resource, httpMethod, requestContext }), { remainingMs: 28_000, isClockIgnored: false })
  for (const event of [{ resource }, { httpMethod }, { resource: 5, httpMethod }, { resource, httpMethod: 5 }])
    assert.equal(leaves({ ...event, requestContext }), undefined)
})

test('events of other sources have no gateway deadline', () => {
  for (const event of [undefined, null, 'text', {}, { Records: [] }, { detail: {}, time: '2026-11-27T00:00:00Z' }])
    assert.equal(leaves(event), undefined)
  for (const name of ['sqs-standard', 'eventbridge-scheduled', 'sqs-sns-wrapped'])
    assert.equal(leaves(JSON.parse(readFileSync(`test/events/${name}.json`, 'utf8'))), undefined, name)
})

/** ms from the invocation's begin until sending and the answer end, with so much of Lambda's time. */
async function endsOf(event: unknown, lambdaMs: number): Promise<readonly number[]> {
  const context = { getRemainingTimeInMillis: () => lambdaMs } as never as KafkaContext
  const factory = new ProducerFactory({ rules: { anyTopic: true } })
  const { before, after } = kafkaProducer({ factory, config })
  const request = { event, context, response: undefined, error: undefined, internal: {} } as never
  await before?.(request)
  const ends = [context.kafka.deadline, context.kafka.answerBy].map(({ remaining }) => remaining)
  await after?.(request)
  await factory.close()
  return ends
}

const LEAST: readonly [name: string, event: unknown, lambdaMs: number, answerMs: number][] = [
  ['REST API', restApi(NOW), 100_000, 28_000],
  ['HTTP API', httpApi(NOW), 100_000, 29_000],
  ['function URL', functionUrl(NOW), 100_000, 100_000],
  ['load balancer', alb, 100_000, 59_000],
  ['VPC Lattice 1.0', lattice1, 100_000, 59_000],
  ['VPC Lattice 2.0', lattice2(`${NOW}000`), 100_000, 59_000],
  ['REST API, less of Lambda’s time', restApi(NOW), 20_000, 20_000],
  ['load balancer, less of Lambda’s time', alb, 20_000, 20_000],
  ['no gateway', { Records: [] }, 100_000, 100_000],
]
test('the deadline is the smaller of Lambda’s and the gateway’s remaining time, minus the reserve', async t => {
  t.mock.method(performance, 'now', () => 1000)
  t.mock.method(Date, 'now', () => NOW)
  for (const [name, event, lambdaMs, answerMs] of LEAST)
    assert.deepEqual(await endsOf(event, lambdaMs), [answerMs - 3000, answerMs - 250], name)
})

test('an ignored clock is counted in the line of the invocation', async () => {
  process.env.POWERTOOLS_DEV = 'false'
  try {
    const harness = httpHarness()
    const body = Buffer.from(JSON.stringify({ value: { room: 'lobby', user: 'ada', text: 'hi' } }))
    for (const timeEpoch of [Date.now(), 1_428_582_896]) {
      const event = v2Event('POST', '/topics/chat', body, { 'content-type': 'application/json' })
      Object.assign(event.requestContext as object, { timeEpoch })
      assert.equal((await harness.invoke(event)).statusCode, 200)
    }
    const lines = harness.logged.filter(line => line.includes('"message":"invocation"'))
    assert.deepEqual(
      lines.map(line => JSON.parse(line).IgnoredGatewayClocks),
      [undefined, 1],
    )
    assert.equal(recordsOf(harness).length, 2)
  } finally {
    process.env.POWERTOOLS_DEV = 'true'
  }
})
