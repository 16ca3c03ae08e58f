// npm run tail -- <topic>: the topic from its start, one line per record.
import { kafkaOf } from './kafka/admin.ts'

const [topic] = process.argv.slice(2)
if (!topic) {
  console.error('Which topic? npm run tail -- <topic>')
  process.exit(2)
}
const servers = process.env.KAFKA_BOOTSTRAP_SERVERS ?? '127.0.0.1:9092,127.0.0.1:9093,127.0.0.1:9094'
const consumer = kafkaOf(servers).consumer({ groupId: `tail-${process.pid}-${Date.now()}` })
process.on('SIGINT', () => void consumer.disconnect().finally(() => process.exit(0)))
try {
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      const { offset, timestamp, key, value } = message
      console.log(`${partition}@${offset} ${new Date(Number(timestamp)).toISOString()} ${key ?? '(no key)'} ${value ?? '(null)'}`)
    },
  })
} catch (error) {
  console.error(`${topic} can't be read from ${servers}: ${(error as Error).message} Is npm start running? Set KAFKA_BOOTSTRAP_SERVERS to the brokers that it printed.`)
  process.exit(1)
}
