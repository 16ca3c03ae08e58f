// Sends two chat messages:
//   KAFKA_BOOTSTRAP_SERVERS=host:port node main.ts
import { ChatProducer } from './chat-producer.ts'
import { templateOfCode } from './template.ts'

await using template = templateOfCode(process.env.KAFKA_BOOTSTRAP_SERVERS ?? '127.0.0.1:9092')
const producer = new ChatProducer(template)
producer.sendChat({ room: 'lobby', user: 'ada', text: 'hello' })
const { recordMetadata } = await producer.sendChatAndWait({ room: 'lobby', user: 'ada', text: 'hello again' })
console.log(`The second message has offset=[${recordMetadata.offset}]`)
