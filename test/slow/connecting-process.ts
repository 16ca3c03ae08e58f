// One process of many: sends records for some seconds with the settings of its environment, then prints its counters.
import { parseConfig } from '../../lib/config/parse-config.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { createKafkaJsClient } from '../../lib/producer-factory.ts'
import { pause } from '../support/time.ts'

// All processes are started before the first one connects: each prints that it is ready, and waits for a line.
console.log('ready')
await new Promise(resolve => process.stdin.once('data', resolve))
const begin = performance.now()
const end = begin + Number(process.env.CONNECTING_SECONDS) * 1000
const config = parseConfig()
const producer = new KafkaProducer(config, { client: createKafkaJsClient(config) })
let delivered = 0
let first: number | null = null
while (performance.now() < end) {
  const [report] = await producer.sendAll([{ topic: 'chat', key: 'k', value: 'v' }])
  if (report?.kind === 'delivered') {
    delivered++
    first ??= (performance.now() - begin) / 1000
  }
  await pause(100)
}
console.log(
  JSON.stringify({
    connectionAttempts: producer.metrics().connectionAttempts,
    delivered,
    first,
    seconds: (performance.now() - begin) / 1000,
  }),
)
process.exit(0)
