// The chat producer in a Lambda handler. The middleware awaits the sends that `sendChat` started before the handler
// returns.
import middy from '@middy/core'
import { KafkaTemplate, ProducerFactory, parseConfig } from 'serverless-kafka-producer'
import { kafkaProducer } from 'serverless-kafka-producer/middy'
import type { Chat } from './chat.ts'
import { ChatProducer } from './chat-producer.ts'

const config = parseConfig()
const factory = new ProducerFactory({ config })
const chats = new ChatProducer(new KafkaTemplate<string, string>(factory))

export const handler = middy<Chat>()
  .use(kafkaProducer({ factory, config }))
  .handler(async chat => {
    chats.sendChat(chat)
  })
