// client.rack lambda:az-id: Lambda's metadata endpoint says in which zone the sandbox runs.
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { TransportError } from '../../lib/errors.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { availabilityZoneId } from '../../lib/lambda/availability-zone.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { listenLocally } from '../../local/ports.ts'
import { RacksCluster } from '../fakes/racks-cluster.ts'
import { summaryOf } from '../support/producer-of.ts'
import { deadlineIn } from '../support/time.ts'

const PATH = '/2026-01-15/metadata/execution-environment'

async function endpoint(t: TestContext, listener: RequestListener) {
  const server = await listenLocally(createServer(listener), 0)
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { AWS_LAMBDA_METADATA_API: `127.0.0.1:${port}`, AWS_LAMBDA_METADATA_TOKEN: 'of-this-sandbox' }
}

/** Puts the variables into the environment until the test ends. */
function setEnvironment(t: TestContext, variables: Readonly<Record<string, string>>): void {
  Object.assign(process.env, variables)
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name]
  })
}

const answering =
  (text: string, status = 200): RequestListener =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(text)

test('the zone’s id comes from the endpoint, which gets the sandbox’s token', async t => {
  const requests: unknown[] = []
  const env = await endpoint(t, (request, response) => {
    requests.push([request.method, request.url, request.headers.authorization])
    answering('{"AvailabilityZoneID":"use1-az1","Later":1}')(request, response)
  })
  assert.equal(await availabilityZoneId(env), 'use1-az1')
  assert.deepEqual(requests, [['GET', PATH, 'Bearer of-this-sandbox']])
})

test('outside Lambda, or without an id in the answer, there is an error that says so', async t => {
  await assert.rejects(availabilityZoneId({}), /AWS_LAMBDA_METADATA_API is not set/)
  for (const [listener, error] of [
    [answering('{}'), /returned no AvailabilityZoneID/],
    [answering('not JSON'), /JSON|returned no/],
    [answering('{"AvailabilityZoneID":7}'), /returned no AvailabilityZoneID/],
    [answering('null'), /returned no AvailabilityZoneID/],
    [answering('{"errorType":"x"}', 403), /answered 403/],
    [answering(JSON.stringify({ AvailabilityZoneID: 'x'.repeat(100_000) })), /longer answer/],
    [request => request.socket.destroy(), /socket hang up/],
    [() => undefined, /abort|timeout/i],
  ] as const satisfies readonly (readonly [RequestListener, RegExp])[])
    await assert.rejects(availabilityZoneId(await endpoint(t, listener)), error)
})

const RACKS = [
  [0, 'use1-az1'],
  [1, 'use1-az2'],
  [2, 'use1-az3'],
] as const
const CONFIG = parseConfig(
  { bootstrapServers: ['a:1', 'b:1'], partitionerRackAware: true, clientRack: 'lambda:az-id' },
  {},
)

/** Sends one record from each of many new sandboxes; returns which partitions got records, and the warnings. */
async function firstRecords() {
  const warnings: string[] = []
  const cluster = new RacksCluster(systemClock, [0, 1, 2], RACKS)
  for (let i = 0; i < 30; i++) {
    const producer = new KafkaProducer(CONFIG, { client: cluster, warn: text => warnings.push(text) })
    if (i % 2 === 0) await producer.connect()
    await producer.send({ topic: 't', value: 'x' })
    await producer.close()
  }
  return { partitions: cluster.partitions, warnings }
}

test('the first record of a sandbox already goes to a leader in its zone', async t => {
  setEnvironment(t, await endpoint(t, answering('{"AvailabilityZoneID":"use1-az3"}')))
  assert.deepEqual(await firstRecords(), { partitions: [2], warnings: [] })
})

test('a record whose deadline passes while the endpoint is silent has its report then; another waits', async t => {
  let isAborted = false
  const env = await endpoint(t, request => {
    request.on('close', () => {
      isAborted = true
    })
  })
  setEnvironment(t, env)
  const warnings: string[] = []
  const cluster = new RacksCluster(systemClock, [0, 1, 2], RACKS)
  const producer = new KafkaProducer(CONFIG, { client: cluster, warn: text => warnings.push(text) })
  t.after(() => producer.close())
  const record = { topic: 't', value: 'x' }
  const later = producer.sendAll([record])
  const [report] = await producer.sendAll([record], deadlineIn(100))
  assert.equal(isAborted, false)
  // Whichever of two timers of one time fires first.
  assert.match(summaryOf(report), /^not-sent:(deadline|unreachable)$/)
  await assert.rejects(producer.connect(deadlineIn(0)), TransportError)
  assert.deepEqual((await later).map(summaryOf), ['delivered'])
  assert.equal(cluster.appended.length, 1)
  assert.match(warnings.join(), /the availability zone is not known/)
})

test('where the zone is not known, records go to every leader, with one warning per producer', async () => {
  const { partitions, warnings } = await firstRecords()
  assert.deepEqual(partitions, [0, 1, 2])
  assert.equal(warnings.length, 30)
  assert.equal(
    warnings[0],
    'client.rack (KAFKA_CLIENT_RACK) lambda:az-id: the availability zone is not known (AWS_LAMBDA_METADATA_API is ' +
      'not set, so this is not Lambda). Records without a key go to the leaders of every rack.',
  )
})
