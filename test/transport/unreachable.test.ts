// The first error that a new user meets: a wrong port, a wrong name, a broker that does not run.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeliveryError, KafkaTemplate, ProducerFactory, parseConfig } from '../../lib/index.ts'

function deepestCause(error: Error): Error {
  return error.cause instanceof Error ? deepestCause(error.cause) : error
}

for (const [server, code] of [
  ['127.0.0.1:1', 'ECONNREFUSED'],
  ['localhost:1', 'ECONNREFUSED'],
  ['no-such-host.invalid:9092', 'ENOTFOUND|EAI_AGAIN'],
] as const)
  test(`a broker at ${server} that can’t be reached: the error has the reason, its cause the address`, async t => {
    const config = parseConfig({ bootstrapServers: `${server},${server}`, maxBlockMs: 300 }, {}, () => {})
    const factory = new ProducerFactory({ config, warn: () => {} })
    t.after(() => factory.close({ timeoutMs: 0 }))
    const error: unknown = await new KafkaTemplate(factory, { listener: {} }).send('t', 'v').catch(reason => reason)
    assert.ok(error instanceof DeliveryError && error.code === 'unreachable', String(error))
    assert.match(error.message, new RegExp(`A broker could not be reached \\((?:${code})\\)\\.$`))
    assert.ok(!error.message.includes(server.split(':')[0] as string), error.message)
    assert.match(deepestCause(error).message, server.startsWith('no-such') ? /no-such-host\.invalid/ : /:1\b/)
  })
