// npm run tail -- <topic>: prints the topic from its start, one line per record.
import { kafkaOf, topicsAt } from './kafka/admin.ts'
import { stackOfFolder } from './stack-file.ts'

const [topic, ...rest] = process.argv.slice(2)
if (!topic || rest.length > 0) {
  console.error('Expected one topic: npm run tail -- <topic>')
  process.exit(2)
}
const servers = process.env.KAFKA_BOOTSTRAP_SERVERS || stackOfFolder().bootstrapServers
console.error(`Reading ${topic} from ${servers}. Ctrl-C ends it.`)

/** A consumer of a topic that does not exist would wait for it, and on some clusters create it. */
async function topicProblem(name: string): Promise<string | undefined> {
  const topics = await topicsAt(servers)
  if (topics.includes(name)) return undefined
  return `There is no topic ${name} on ${servers}. Topics: ${topics.join(', ') || 'none'}.`
}

const cannotRead = (error: unknown): never => {
  console.error(
    `Can't read ${topic} from ${servers}: ${(error as Error).message}\n` +
      'Check that npm start is running, or set KAFKA_BOOTSTRAP_SERVERS to the brokers that it printed.',
  )
  process.exit(1)
}

const problem = await topicProblem(topic).catch(cannotRead)
if (problem !== undefined) {
  console.error(problem)
  process.exit(1)
}
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
  cannotRead(error)
}
