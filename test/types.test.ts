// The public types: correct use compiles, misuse does not (a @ts-expect-error without an error fails tsc).
import { test } from 'node:test'
import {
  type KafkaTemplate,
  type Partitioner,
  type ProducerConfig,
  parseConfig,
  type SendResult,
  type Serializer,
} from '../lib/index.ts'

interface Chat {
  readonly room: string
}

function misuse(template: KafkaTemplate<string, Chat>, config: ProducerConfig): unknown[] {
  const serializer: Serializer<Chat> = { serialize: (_topic, chat) => Buffer.from(chat.room) }
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
    parseConfig({ valueSerializer: serializer, acks: '1', lingerMs: '5' }),
  ]
}

test('tsc checks the public types', () => void misuse)
