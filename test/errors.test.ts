// Callers switch on `code`: it is one closed list, and what the driver or the broker said stands in `causeCode`.
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { KafkaProducerError } from '../lib/index.ts'
import { producerOf } from './fakes/producer-of.ts'

const failureOf = (work: Promise<unknown>): Promise<KafkaProducerError> =>
  work.then(
    () => assert.fail('expected an error'),
    error => error,
  )

test('without a broker every call fails with the code unreachable; the driver’s word is the causeCode', async () => {
  const producer = producerOf([`127.0.0.1:${await closedPort()}`], {
    maxBlockMs: 300,
    deliveryTimeoutMs: 1000,
    requestTimeoutMs: 500,
    ackTimeoutMs: 400,
  })
  const calls = {
    connect: () => producer.connect(),
    partitionsFor: () => producer.partitionsFor('chat'),
    send: () => producer.send({ topic: 'chat', value: 'v' }),
  }
  for (const [name, call] of Object.entries(calls)) {
    const error = await failureOf(call())
    assert.ok(error instanceof KafkaProducerError, name)
    assert.deepEqual(
      { name, code: error.code, causeCode: error.causeCode, retriable: error.retriable },
      {
        name,
        code: 'unreachable',
        causeCode: 'UNREACHABLE',
        retriable: true,
      },
    )
  }
  const [report] = await producer.sendAll([{ topic: 'chat', value: 'v' }])
  assert.ok(report?.kind === 'failed')
  assert.deepEqual([report.code, report.causeCode], ['unreachable', 'UNREACHABLE'])
  await producer.close()
})

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
