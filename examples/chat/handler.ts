// The same as a Lambda handler. What `sendChat` began is awaited before the answer leaves.
import middy from '@middy/core'
import { KafkaTemplate, ProducerFactory, parseConfig } from 'serverless-kafka-producer'
import { kafkaProducer } from 'serverless-kafka-producer/middy'
import type { Chat } from './chat.ts'
import { ChatProducer } from './chat-producer.ts'

const config = parseConfig()
const factory = new ProducerFactory({ config })
const chats = new ChatProducer(new KafkaTemplate(factory))

export const handler = middy<Chat>()
  .use(kafkaProducer({ factory, config }))
  .handler(async chat => {
    chats.sendChat(chat)
  })
