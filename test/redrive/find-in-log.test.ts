import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { findInLog, type Log } from '../../lib/redrive/find-in-log.ts'
import { decodeRecordSet } from '../../lib/wire-format/record-batch-decoder.ts'
import { deadLetterOf } from '../fakes/dead-letter.ts'
import { at, batchOf } from '../wire-format/batches.ts'

/** A partition's log, read with a bound of 1,000 bytes. */
const logOf = (...batches: Buffer[]): Log => ({
  start: async () => 0n,
  end: async () => 1000n,
  offsetAt: async () => 0n,
  async *readBatches() {
    yield* decodeRecordSet(Buffer.concat(batches), 1000)
  },
})

const inDoubt = (id: string, baseSequence: number, indexInBatch: number, producerId = 4000): DeadLetter => ({
  ...deadLetterOf(id, id),
  inDoubt: {
    partition: 0,
    producerId,
    producerEpoch: 3,
    baseSequence,
    indexInBatch,
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-01-01T00:00:01.000Z',
  },
})

const identity = (baseSequence: number) => ({ producerId: 4000n, epoch: 3, baseSequence })
const large = { value: Buffer.alloc(5000) }

test('records are found by their sequence, even in batches of which only the header can be read', async () => {
  const log = logOf(
    at(10n, batchOf([{}, {}], 'none', identity(5))),
    at(20n, batchOf([large, large, large], 'gzip', identity(2 ** 31 - 1))),
    at(30n, batchOf([large], 'gzip', { producerId: -1n, epoch: -1, baseSequence: -1 })),
  )
  const sought = [
    inDoubt('readable', 5, 1),
    inDoubt('first of the unreadable', 2 ** 31 - 1, 0),
    inDoubt('last of the unreadable', 2 ** 31 - 1, 2),
    inDoubt('after the unreadable', 2, 0),
    inDoubt('before the unreadable', 2 ** 31 - 2, 0),
    inDoubt('of another producer', 2 ** 31 - 1, 0, 4001),
    inDoubt('of no producer', -1, 0, -1),
  ]
  const locations = await findInLog(sought, log)
  assert.deepEqual(
    sought.flatMap(({ deadLetterId, recordId }) =>
      locations.has(deadLetterId) ? [[recordId, locations.get(deadLetterId)]] : [],
    ),
    [
      ['readable', 'kafka:chat-0@11'],
      ['first of the unreadable', 'kafka:chat-0@20'],
      ['last of the unreadable', 'kafka:chat-0@22'],
    ],
  )
})
