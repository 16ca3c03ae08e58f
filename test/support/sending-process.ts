// A process that sends records for five seconds and prints the outcome of each; tests stop and continue it.
import { producerOf, summaryOf } from './producer-of.ts'

const [servers = '', name = ''] = process.argv.slice(2)
const producer = producerOf([servers])
await producer.send({ topic: 'thaw', key: 'k', value: `warm-${name}` })
console.log('ready')
const end = Date.now() + 5000
const lines: string[] = []
for (let n = 0; Date.now() < end; n++) {
  const values = Array.from({ length: 5 }, (_, i) => `${name}-${process.pid}-${n}-${i}`)
  const reports = await producer.sendAll(values.map(value => ({ topic: 'thaw', key: 'k', value })))
  reports.forEach((report, i) => void lines.push(`${values[i]} ${summaryOf(report)}`))
}
process.stdout.write(`${lines.join('\n')}\n`)
await producer.close()
