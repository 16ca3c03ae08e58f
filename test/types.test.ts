// The public types: correct use compiles, misuse does not (a @ts-expect-error without an error fails tsc).
import { test } from 'node:test'
import {
  DeadLetterError,
  DeliveryError,
  InvalidRecordError,
  KafkaProducerError,
  KafkaTemplate,
  type Partitioner,
  type ProducerConfig,
  ProducerFactory,
  parseConfig,
  type SendResult,
  type Serializer,
  TransportError,
} from '../lib/index.ts'
import { ConfluentAvroSerializer } from '../lib/schema-registry/index.ts'
import { createFakeKafka } from '../lib/testing/index.ts'

/** A code of the driver or the broker is never a code of the library; each class accepts only its own codes. */
function wrongCodes(): unknown[] {
  return [
    // @ts-expect-error a code of the driver
    new KafkaProducerError('UNREACHABLE', ''),
    // @ts-expect-error a code of the broker
    new TransportError('NOT_LEADER_OR_FOLLOWER', ''),
    // @ts-expect-error a request has a method, a record has none
    new InvalidRecordError('method', ''),
    // @ts-expect-error not a code of dead letters
    new DeadLetterError('deadline', ''),
    // @ts-expect-error the outcome is missing
    new DeliveryError('deadline', ''),
    new DeliveryError('deadline', '', { outcome: 'not-sent', causeCode: 'DEADLINE' }),
    new TransportError('no-leader', '', { causeCode: 'NOT_LEADER_OR_FOLLOWER', retriable: true }),
  ]
}

interface Chat {
  readonly room: string
}

function misuse(template: KafkaTemplate<string, Chat>, config: ProducerConfig): unknown[] {
  const serializer: Serializer<Chat> = { serialize: chat => Buffer.from(chat.room) }
  // @ts-expect-error a partitioner returns a number
  const partitioner: Partitioner = { partition: () => 'first' }
  // @ts-expect-error frozen
  config.lingerMs = 5
  const result: Promise<SendResult<string, Chat>> = template.send('chat', 'lobby', { room: 'lobby' })
  return [
    serializer,
    partitioner,
    result,
    template.send({ topic: 'chat', key: 'lobby', value: { room: 'lobby' } }),
    template.send('chat', 0, 'lobby', null),
    // @ts-expect-error the value has another type
    template.send('chat', 'lobby', { text: 'hello' }),
    // @ts-expect-error the key has another type
    template.send('chat', 5, { room: 'lobby' }),
    // @ts-expect-error a record has a value, or null
    template.send({ topic: 'chat' }),
    // @ts-expect-error no such setting
    parseConfig({ lingerMillis: 5 }),
    // @ts-expect-error no such codec
    parseConfig({ compressionType: 'gzpi' }),
    // @ts-expect-error no such number of acknowledgements
    parseConfig({ acks: 2 }),
    // @ts-expect-error not a number of milliseconds
    parseConfig({ lingerMs: 'soon' }),
    // @ts-expect-error no such serializer
    parseConfig({ valueSerializer: 'jsn' }),
    parseConfig({ valueSerializer: serializer, acks: 1, lingerMs: 5, compressionType: 'zstd' }),
    parseConfig({ bootstrapServers: process.env.BROKERS, acks: 'all', partitionerClass: './by-room.mjs' }),
    parseConfig({ keySerializer: 'org.apache.kafka.common.serialization.StringSerializer', valueSerializer: 'json' }),
  ]
}

/** Keys and values are what the serializers take that code gives; text or bytes without any; or what is asserted. */
function typesOfSerializers(chats: Serializer<Chat>, env: NodeJS.ProcessEnv): unknown[] {
  const typed = new KafkaTemplate(
    new ProducerFactory({ config: parseConfig({ keySerializer: 'long', valueSerializer: chats }) }),
  )
  const untyped = new KafkaTemplate(new ProducerFactory({ config: parseConfig({}, env) }))
  const json = new KafkaTemplate(new ProducerFactory({ config: parseConfig({ valueSerializer: 'json' }) }))
  const fake = new KafkaTemplate(createFakeKafka().producerFactory({ keySerializer: 'integer' }))
  const asserted = new KafkaTemplate<string, Chat>(new ProducerFactory({ config: parseConfig({}, env) }))
  const avro = new ConfluentAvroSerializer<Chat>()
  const registered = new KafkaTemplate(new ProducerFactory({ config: parseConfig({ valueSerializer: avro }) }))
  const named = new KafkaTemplate(new ProducerFactory({ config: parseConfig({ valueSerializer: 'confluent-avro' }) }))
  const plain: ProducerConfig = parseConfig({ valueSerializer: chats })
  return [
    plain,
    typed.send('chat', 5n, { room: 'lobby' }),
    // @ts-expect-error the serializer of keys takes numbers
    typed.send('chat', 'lobby', { room: 'lobby' }),
    // @ts-expect-error the serializer of values takes a Chat
    typed.send('chat', 5, 'hello'),
    untyped.send('chat', 'lobby', Buffer.from('hello')),
    // @ts-expect-error without a serializer in code, a value is text or bytes
    untyped.send('chat', 'lobby', { room: 'lobby' }),
    json.send('chat', 'lobby', { anything: [1, 'a'] }),
    // @ts-expect-error a key without a serializer is text or bytes
    json.send('chat', 5, {}),
    fake.send('chat', 5, 'hello'),
    // @ts-expect-error the testing kit has the types of the program
    fake.send('chat', 'no integer', 'hello'),
    registered.send('chat', 'lobby', { room: 'lobby' }),
    // @ts-expect-error the serializer takes a Chat
    registered.send('chat', 'lobby', { text: 'hello' }),
    // @ts-expect-error no such setting of a registry
    new ConfluentAvroSerializer<Chat>({ schemaRegistryUri: 'https://sr' }),
    named.send('chat', 'lobby', { anything: [1, 'a'] }),
    asserted.send('chat', 'lobby', { room: 'lobby' }),
    // @ts-expect-error not a Chat
    asserted.send('chat', 'lobby', 'hello'),
  ]
}

test('tsc checks the public types', () => void [misuse, wrongCodes, typesOfSerializers])
