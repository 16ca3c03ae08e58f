// A program's own client of a registry may do anything: no record is invalid for that, and the process goes on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeliveryError } from '../../lib/errors.ts'
import { KafkaTemplate } from '../../lib/kafka-template.ts'
import { ConfluentAvroSerializer } from '../../lib/schema-registry/index.ts'
import { createFakeKafka } from '../../lib/testing/index.ts'
import { registeredSchema } from '../support/scripted-registry.ts'

const schema = registeredSchema('AVRO', '"string"')
const idOf = (id: object | undefined) => ({ ...schema, id })
const fails = () => {
  throw new TypeError('hunter2')
}

for (const [what, find] of Object.entries<() => unknown>({
  'throws at once': fails,
  rejects: async () => fails(),
  'finds nothing': async () => undefined,
  'returns nothing': () => undefined,
  'has no id': async () => idOf(undefined),
  'has an id below 0': async () => idOf({ registry: 'confluent', id: -1 }),
  'has an id beyond 31 bits': async () => idOf({ registry: 'confluent', id: 2 ** 40 }),
  'has an id of another registry': async () => idOf({ registry: 'mine', id: 1 }),
  'has a version that is no text': async () => idOf({ registry: 'glue', versionId: 5 }),
  'has a text that is none': async () => ({ ...schema, text: 5 }),
  'has no imports': async () => ({ ...schema, imports: undefined }),
}))
  test(`a client of a registry that ${what} fails the delivery, not the record`, async t => {
    const unhandled = t.mock.fn()
    process.on('unhandledRejection', unhandled)
    t.after(() => process.off('unhandledRejection', unhandled))
    const valueSerializer = new ConfluentAvroSerializer({ registry: { find: find as never } })
    const factory = createFakeKafka().producerFactory({ valueSerializer })
    t.after(() => factory.close())
    const failure = await new KafkaTemplate(factory).send('t', 'k', 'v').catch(error => error)
    assert.ok(failure instanceof DeliveryError, String(failure))
    assert.deepEqual([failure.code, failure.retriable], ['schema-registry', false])
    assert.doesNotMatch(failure.message, /hunter2/)
    await new Promise(setImmediate)
    assert.equal(unhandled.mock.callCount(), 0)
  })
