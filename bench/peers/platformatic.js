// Sends a workload with @platformatic/kafka: `node bench/peers/platformatic.js <servers> <topic> <records> <size>`.
import { ProduceAcks, Producer } from '@platformatic/kafka'
import { sendInCalls, values, workload } from '../bulk/workload.ts'

const work = workload()
const messages = values(work).map(value => ({ topic: work.topic, value }))
const producer = new Producer({
  clientId: 'platformatic',
  bootstrapBrokers: work.servers.split(','),
  idempotent: true,
})
await sendInCalls(work, () => producer.send({ messages, acks: ProduceAcks.ALL, idempotent: true }))
await producer.close()
