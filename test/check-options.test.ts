// The first calls of a JavaScript program, and its typos: each is a ConfigError that says what was expected.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../lib/config/parse-config.ts'
import { DynamoDbIdStore, dropDuplicates, MemoryIdStore } from '../lib/consumer/index.ts'
import { ConfigError, jsonSerializer, KafkaTemplate, ProducerFactory, RoutingKafkaTemplate } from '../lib/index.ts'
import { kafkaProducer } from '../lib/lambda/kafka-producer-middleware.ts'
import { createFakeKafka } from '../lib/testing/index.ts'

const config = parseConfig({ bootstrapServers: 'a:1,b:2' }, {})
const factory = new ProducerFactory({ config })
const store = new MemoryIdStore()
const handle = () => {}

/** As JavaScript passes it. */
const js = (value: unknown) => value as never

const CASES: readonly (readonly [call: string, () => unknown, RegExp])[] = [
  [
    'ProducerFactory with plain settings',
    () => new ProducerFactory({ config: js({ bootstrapServers: ['a:1'] }) }),
    /ProducerFactory: config: expected what parseConfig\(\) or loadConfig\(\) returned/,
  ],
  [
    'ProducerFactory with the promise of loadConfig',
    () => new ProducerFactory({ config: js(Promise.resolve(config)) }),
    /loadConfig\(\) returned, got a promise/,
  ],
  [
    'ProducerFactory with a configuration',
    () => new ProducerFactory(js(config)),
    /ProducerFactory: acks is not an option/,
  ],
  [
    'ProducerFactory with a typo',
    () => new ProducerFactory(js({ maxage: 1 })),
    /maxage is not an option; did you mean maxAge\?/,
  ],
  [
    'ProducerFactory with a text as maxAge',
    () => new ProducerFactory(js({ maxAge: 'x' })),
    /maxAge: expected a number from 0 on/,
  ],
  [
    'ProducerFactory with NaN as maxAge',
    () => new ProducerFactory({ maxAge: Number.NaN }),
    /maxAge: expected a number/,
  ],
  [
    'rules with a wrong name, which would allow any topic',
    () => new ProducerFactory({ rules: js({ topics: ['orders'] }) }),
    /rules: expected \{ contracts \} or \{ anyTopic, keyRequired \}; topics is neither/,
  ],
  [
    'rules whose contracts are no Map',
    () => new ProducerFactory({ rules: js({ contracts: {} }) }),
    /rules\.contracts: expected a Map/,
  ],
  [
    'KafkaTemplate without anything',
    () => new KafkaTemplate(js(undefined)),
    /KafkaTemplate: expected a ProducerFactory.*got undefined/,
  ],
  [
    'KafkaTemplate with a configuration',
    () => new KafkaTemplate(js(config)),
    /expected a ProducerFactory.*got an object/,
  ],
  [
    'KafkaTemplate with plain settings',
    () => new KafkaTemplate(factory, { config: js({}) }),
    /KafkaTemplate: config: expected/,
  ],
  [
    'KafkaTemplate with a typo',
    () => new KafkaTemplate(factory, js({ topic: 'x' })),
    /topic is not an option; there are config, defaultTopic/,
  ],
  [
    'KafkaTemplate with a function as listener',
    () => new KafkaTemplate(factory, js({ listener: () => {} })),
    /listener: expected an object, got a function/,
  ],
  [
    'KafkaTemplate with one interceptor',
    () => new KafkaTemplate(factory, js({ interceptors: {} })),
    /interceptors: expected a list/,
  ],
  [
    'kafkaProducer without anything',
    () => kafkaProducer(js(undefined)),
    /kafkaProducer: expected an object of options, got undefined/,
  ],
  [
    'kafkaProducer without a factory',
    () => kafkaProducer(js({})),
    /factory: expected a ProducerFactory, got undefined/,
  ],
  [
    'kafkaProducer without a configuration',
    () => kafkaProducer({ factory: new ProducerFactory() }),
    /kafkaProducer: config: expected what parseConfig/,
  ],
  ['kafkaProducer with a typo', () => kafkaProducer(js({ factory, confg: config })), /did you mean config\?/],
  [
    'jsonSerializer with a typo',
    () => jsonSerializer(js({ bigInt: String })),
    /jsonSerializer: bigInt is not an option; did you mean bigint\?/,
  ],
  ['createFakeKafka with a typo', () => createFakeKafka(js({ partition: 1 })), /did you mean partitions\?/],
  ['createFakeKafka with a list', () => createFakeKafka(js({ topics: ['orders'] })), /such as \{ orders: 3 \}/],
  [
    'dropDuplicates with a typo',
    () => dropDuplicates(handle, js({ store, window: 5 })),
    /dropDuplicates: window is not an option/,
  ],
  ['MemoryIdStore with a typo', () => new MemoryIdStore(js({ maxId: 5 })), /did you mean maxIds\?/],
  [
    'DynamoDbIdStore without options',
    () => new DynamoDbIdStore(js(undefined)),
    /DynamoDbIdStore: expected an object of options/,
  ],
  [
    'RoutingKafkaTemplate with wrong routes',
    () => new RoutingKafkaTemplate(js([[/a/, {}]])),
    /expected a list or Map of \[RegExp, KafkaTemplate\]/,
  ],
  ['RoutingKafkaTemplate without routes', () => new RoutingKafkaTemplate([]), /with at least one entry/],
  [
    'parseConfig with a name of Kafka',
    () => parseConfig(js({ 'linger.ms': 5 }), {}),
    /linger\.ms: unknown option; did you mean lingerMs\?/,
  ],
  [
    'parseConfig as for kafkajs',
    () => parseConfig(js({ brokers: ['a:1'] }), {}),
    /brokers: unknown option; did you mean bootstrapServers\?/,
  ],
]

for (const [call, work, expected] of CASES)
  test(`${call} is refused at once`, () => {
    assert.throws(
      work,
      (error: unknown) => error instanceof ConfigError && expected.test(error.message.replaceAll('\n', ' ')),
    )
  })

test('kafkaProducer takes the configuration of its factory, and routes may be a Map', async () => {
  kafkaProducer({ factory })
  const kafka = createFakeKafka()
  const template = new KafkaTemplate(kafka.producerFactory())
  const routing = new RoutingKafkaTemplate(new Map([[/^orders/, template]]))
  await routing.send('orders', 'o-1')
  assert.deepEqual(
    kafka.records('orders').map(({ value }) => value),
    ['o-1'],
  )
  await template.close()
})
