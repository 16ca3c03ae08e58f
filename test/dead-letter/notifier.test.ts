// What SNS topics and event buses are sent about stored dead letters.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { notifiersOf, type StoredNote } from '../../lib/dead-letter/notifier.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { AWS_TEST_KEYS } from '../support/moto.ts'

interface Request {
  readonly body: string
  readonly authorization: string
}

/** A service that answers every request with this body, or not at all. */
async function serviceThat(t: TestContext, answer: string, status: number | 'none' = 200): Promise<readonly Request[]> {
  const requests: Request[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      requests.push({ body, authorization: String(request.headers.authorization) })
      if (status === 'none') return
      response.writeHead(status, { 'content-type': answer.startsWith('<') ? 'text/xml' : 'application/x-amz-json-1.1' })
      response.end(answer)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  Object.assign(process.env, AWS_TEST_KEYS, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  })
  t.after(() => {
    delete process.env.AWS_ENDPOINT_URL
    server.closeAllConnections()
    server.close()
  })
  return requests
}

const notes = (count: number): StoredNote[] =>
  Array.from({ length: count }, (_, n) => ({ deadLetter: deadLetterOf(`id-${n}`, 'secret'), location: `x:${n}` }))
const summaryOf = ({ deadLetter, location }: StoredNote) => ({
  deadLetterId: deadLetter.deadLetterId,
  recordId: deadLetter.recordId,
  location,
  topic: 'chat',
  trigger: 'http',
  function: 'http',
  kind: 'delivery-failure',
  outcome: 'not-sent',
  code: 'unreachable',
  attempts: 0,
  lastAt: deadLetter.failure.lastAt,
})

const topicArn = 'arn:aws:sns:eu-west-3:123456789012:letters'
const sns = () => notifiersOf([{ kind: 'sns', topicArn }])[0] as ReturnType<typeof notifiersOf>[number]
const bus = () => notifiersOf([{ kind: 'eventbridge', bus: 'ops' }])[0] as ReturnType<typeof notifiersOf>[number]
const published = (failed = '') =>
  `<Response><PublishBatchResult><Successful/><Failed>${failed}</Failed></PublishBatchResult></Response>`

test('SNS gets ten notes a call in the region of its topic, without key, value or headers of a record', async t => {
  const requests = await serviceThat(t, published())
  const all = notes(12)
  await sns().notify(all, 5000)
  const calls = requests.map(({ body }) => new URLSearchParams(body))
  const fieldsOf = (call: URLSearchParams | undefined, name: RegExp) =>
    [...(call?.entries() ?? [])].flatMap(([key, value]) => (name.test(key) ? [value] : []))
  assert.deepEqual(
    calls.map(call => [call.get('Action'), call.get('TopicArn'), fieldsOf(call, /\.Id$/).length]),
    [
      ['PublishBatch', topicArn, 10],
      ['PublishBatch', topicArn, 2],
    ],
  )
  assert.deepEqual(
    calls.flatMap(call => fieldsOf(call, /\.Message$/).map(text => JSON.parse(text))),
    all.map(summaryOf),
  )
  assert.deepEqual(fieldsOf(calls[1], /\.Id$/), ['0', '1'])
  assert.deepEqual(fieldsOf(calls[1], /MessageAttributes.*Name$/), ['code', 'code'])
  assert.deepEqual(fieldsOf(calls[1], /MessageAttributes.*DataType$/), ['String', 'String'])
  assert.deepEqual(fieldsOf(calls[1], /MessageAttributes.*StringValue$/), ['unreachable', 'unreachable'])
  assert.ok(requests.every(({ authorization }) => authorization.includes('/eu-west-3/sns/')))
})

test('a note that SNS does not take is an error with the code of SNS', async t => {
  const member = '<member><Id>0</Id><Code>InternalError</Code><SenderFault>false</SenderFault></member>'
  const requests = await serviceThat(t, published(member))
  await assert.rejects(sns().notify(notes(1), 5000), { message: 'InternalError' })
  assert.equal(requests.length, 1)
})

test('an event bus gets ten events a call', async t => {
  const requests = await serviceThat(t, '{"FailedEntryCount":0,"Entries":[{"EventId":"e"}]}')
  const all = notes(11)
  await bus().notify(all, 5000)
  const calls = requests.map(({ body }) => JSON.parse(body).Entries as Record<string, string>[])
  assert.deepEqual(
    calls.map(entries => entries.length),
    [10, 1],
  )
  assert.deepEqual(
    calls.flat().map(({ Detail = '', ...others }) => ({ ...others, Detail: JSON.parse(Detail) })),
    all.map(note => ({
      EventBusName: 'ops',
      Source: 'serverless-kafka-producer',
      DetailType: 'Kafka dead letter',
      Detail: summaryOf(note),
    })),
  )
})

test('an event that the bus does not take is an error with its code', async t => {
  await serviceThat(t, '{"FailedEntryCount":1,"Entries":[{"EventId":"e"},{"ErrorCode":"InternalFailure"}]}')
  await assert.rejects(bus().notify(notes(2), 5000), { message: 'InternalFailure' })
})

test('an answer without counts is none of a failure', async t => {
  await serviceThat(t, '{}')
  await bus().notify(notes(1), 5000)
})

test('a notification is tried once', async t => {
  const requests = await serviceThat(t, '{}', 500)
  for (const notifier of [sns(), bus()]) await assert.rejects(notifier.notify(notes(1), 5000))
  assert.equal(requests.length, 2)
})

test('a notification ends with its time', async t => {
  await serviceThat(t, '', 'none')
  for (const notifier of [sns(), bus()]) await assert.rejects(notifier.notify(notes(1), 100), { name: 'AbortError' })
})
