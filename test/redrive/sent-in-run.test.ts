// A target stores a dead letter but answers too late, so the next target stores it as well: one redrive of both must
// send the record only once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { redrive } from '../../lib/redrive/redrive.ts'
import { SentInRun } from '../../lib/redrive/sent-in-run.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { unknownReport } from '../support/unknown-report.ts'

function producerOf(lost: readonly string[] = []) {
  const sent: string[] = []
  const sendAll = async (records: readonly ProducerRecord[]): Promise<DeliveryReport[]> =>
    records.map(record => {
      sent.push(String(record.value))
      if (lost.includes(String(record.value))) return unknownReport(record)
      const sizes = { serializedKeySize: 1, serializedValueSize: 1 }
      const metadata = {
        topic: 'chat',
        partition: 0,
        offset: BigInt(sent.length),
        timestamp: 0,
        proof: 'all',
        ...sizes,
      } as const
      return { kind: 'delivered', record, metadata, attempts: 1 }
    })
  return { sent, producer: { sendAll } }
}

test('a dead letter sent from one target is completed in the others', async () => {
  const stores = [new MemoryDeadLetterStore([deadLetterOf('a', 'a'), deadLetterOf('b', 'b')])]
  stores.push(new MemoryDeadLetterStore([deadLetterOf('c', 'c'), deadLetterOf('a', 'a')]))
  const { sent, producer } = producerOf()
  const sentInRun = new SentInRun()
  const results: string[] = []
  for (const store of stores) {
    const { resent, found } = await redrive(store, { producer, sentInRun })
    results.push(`${resent} sent, ${found} found, ${store.open.size} open`)
  }
  assert.deepEqual(results, ['2 sent, 0 found, 0 open', '1 sent, 1 found, 0 open'])
  assert.deepEqual(sent, ['a', 'b', 'c'])
})

test('an unknown outcome from one target is noted in the others', async () => {
  const { producer } = producerOf(['a'])
  const sentInRun = new SentInRun()
  const options = { producer, sentInRun }
  await redrive(new MemoryDeadLetterStore([deadLetterOf('a', 'a')]), options)
  const second = new MemoryDeadLetterStore([deadLetterOf('a', 'a')])
  const seen: (number | undefined)[] = []
  await redrive(second, { ...options, onSeen: ({ inDoubt }) => seen.push(inDoubt?.partition) })
  assert.deepEqual(seen, [0])
})
