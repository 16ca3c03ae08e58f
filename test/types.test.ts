// The public types: what should compile does, and misuse does not (each @ts-expect-error is an error without one).
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
  // @ts-expect-error a partitioner gives a number
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
    // @ts-expect-error another value
    template.send('chat', 'lobby', { text: 'hello' }),
    // @ts-expect-error another key
    template.send('chat', 5, { room: 'lobby' }),
    // @ts-expect-error a record has a value, or null
    template.send({ topic: 'chat' }),
    // @ts-expect-error no such setting
    parseConfig({ lingerMillis: 5 }),
    parseConfig({ valueSerializer: serializer, acks: '1', lingerMs: '5' }),
  ]
}

test('types are checked by tsc', () => void misuse)
