import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { abortAfter, loadDynamoDb, loadS3, loadSqs } from '../../lib/dead-letter/aws-clients.ts'
import { awsStoreError, dateOf } from '../../lib/dead-letter/aws-error.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import { AWS_TEST_KEYS } from '../support/moto.ts'

const environment = { ...process.env }
before(() => {
  Object.assign(process.env, AWS_TEST_KEYS, { AWS_REGION: 'us-east-1' })
  delete process.env.AWS_ENDPOINT_URL
  delete process.env.AWS_ENDPOINT_URL_S3
})
after(() => {
  process.env = environment
})

test('SQS is called in the region of the queue’s host, and without one in that of the environment', async () => {
  const url = 'sqs.eu-central-1.amazonaws.com'
  for (const [host, region] of [
    [url, 'eu-central-1'],
    ['sqs.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    ['localhost:9324', 'us-east-1'],
    ['queue.example.com', 'us-east-1'],
    ['mysqs.eu-west-9.amazonaws.com', 'us-east-1'],
  ] as const) {
    const { client } = await loadSqs(`https://${host}/123456789012/letters`)
    assert.equal(await client.config.region(), region, host)
    const endpoint = await client.config.endpoint?.()
    assert.equal(`${endpoint?.hostname}${endpoint?.port === undefined ? '' : `:${endpoint.port}`}`, host)
    client.destroy()
  }
})

test('S3 is addressed by path only at a configured endpoint, which may have no names for buckets', async () => {
  for (const [name, isByPath] of [
    [undefined, false],
    ['AWS_ENDPOINT_URL_S3', true],
    ['AWS_ENDPOINT_URL', true],
  ] as const) {
    if (name !== undefined) process.env[name] = 'http://127.0.0.1:9'
    const { client } = await loadS3()
    if (name !== undefined) delete process.env[name]
    assert.equal(client.config.forcePathStyle === true, isByPath, name)
    client.destroy()
  }
})

test('a connection that is not accepted is given up after a second, so that the next target has time', async () => {
  const clients = [await loadSqs('https://sqs.eu-west-1.amazonaws.com/1/q'), await loadS3(), await loadDynamoDb()]
  for (const { client } of clients) {
    const handler = client.config.requestHandler as unknown as {
      configProvider: Promise<{ connectionTimeout: number }>
    }
    assert.equal((await handler.configProvider).connectionTimeout, 1000)
    client.destroy()
  }
})

test('a call ends after its time, at the earliest in a millisecond', async () => {
  const endsAfter = (ms: number) =>
    new Promise<number>(resolve => {
      const begin = performance.now()
      abortAfter(ms).abortSignal.addEventListener('abort', () => resolve(performance.now() - begin))
    })
  // The timer of a signal keeps no process alive.
  const alive = setInterval(() => undefined, 1000)
  const [long] = await Promise.all([endsAfter(79.5), endsAfter(0), endsAfter(-5000)])
  clearInterval(alive)
  assert.ok(long >= 79, String(long))
})

test('a missing bucket or table is not found; any other error has its code and may be retried', () => {
  const named = (name: string) => Object.assign(new Error('with an address'), { name })
  for (const name of ['NoSuchBucket', 'ResourceNotFoundException']) {
    const error = awsStoreError(named(name), 'S3 bucket')
    assert.deepEqual(
      [error.code, error.message, error.retriable],
      ['not-found', `The S3 bucket does not exist (${name}).`, false],
    )
    assert.equal((error.cause as Error).name, name)
  }
  const other = awsStoreError(named('SlowDown'), 'S3 bucket')
  assert.deepEqual(
    [other.code, other.message, other.retriable, (other.cause as Error).name],
    ['dead-letter', 'A request to the S3 bucket failed (SlowDown).', true, 'SlowDown'],
  )
  const own = new DeadLetterError('redrive-running', 'running')
  assert.equal(awsStoreError(own, 'S3 bucket'), own)
})

test('the time of a service is that of its answer, if that has one', () => {
  assert.equal(dateOf({ headers: { date: 'Thu, 01 Jan 1970 00:00:07 GMT' } }), 7000)
  for (const response of [{}, { headers: {} }, { headers: { date: 'soon' } }]) assert.equal(dateOf(response), undefined)
})
