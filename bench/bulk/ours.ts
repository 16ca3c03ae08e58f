// Sends a workload with this project's producer: `node bench/bulk/ours.ts <servers> <topic> <records> <size> [one]`.
import { ourProducer } from '../subjects.ts'
import { sendInCalls, sendOneByOne, values, workload } from './workload.ts'

const work = workload()
const records = values(work).map(value => ({ topic: work.topic, value }))
const producer = ourProducer(work.servers)
let next = 0
if (process.argv.includes('one'))
  await sendOneByOne(work, () => producer.send(records[next++ % records.length] as (typeof records)[number]))
else
  await sendInCalls(work, async () => {
    const reports = await producer.sendAll(records)
    if (reports.some(({ kind }) => kind !== 'delivered')) throw new Error('A record was not delivered.')
  })
await producer.close()
