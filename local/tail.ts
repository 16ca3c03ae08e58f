// npm run tail -- <topic>: prints the topic from its start, one line per record.
import { readFileSync } from 'node:fs'
import { kafkaOf } from './kafka/admin.ts'
import { STACK_FILE } from './stack-file.ts'

const [topic, ...rest] = process.argv.slice(2)
if (!topic || rest.length > 0) {
  console.error('Expected one topic: npm run tail -- <topic>')
  process.exit(2)
}
const servers = process.env.KAFKA_BOOTSTRAP_SERVERS ?? runningStack() ?? '127.0.0.1:9092,127.0.0.1:9093,127.0.0.1:9094'
const consumer = kafkaOf(servers).consumer({ groupId: `tail-${process.pid}-${Date.now()}` })
process.on('SIGINT', () => void consumer.disconnect().finally(() => process.exit(0)))
try {
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      const { offset, timestamp, key, value } = message
      console.log(
        `${partition}@${offset} ${new Date(Number(timestamp)).toISOString()} ${key ?? '(no key)'} ${value ?? '(null)'}`,
      )
    },
  })
} catch (error) {
  console.error(
    `Can't read ${topic} from ${servers}: ${(error as Error).message}\n` +
      'Check that npm start is running, or set KAFKA_BOOTSTRAP_SERVERS to the brokers that it printed.',
  )
  process.exit(1)
}

function runningStack(): string | undefined {
  try {
    return (JSON.parse(readFileSync(STACK_FILE, 'utf8')) as { bootstrapServers: string }).bootstrapServers
  } catch {
    return undefined // No stack runs here: fall back to the ports that it uses by default.
  }
}
