// Dead letters on disk: what is stored, its limit, its owner and its errors.
import assert from 'node:assert/strict'
import { chownSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type DeadLetter, deadLetterId, recordOf, toDeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import type { OpenDeadLetter } from '../../../lib/dead-letter/dead-letter-store.ts'
import { DiskDeadLetterStore } from '../../../lib/dead-letter/disk/store.ts'
import { DiskDeadLetterTarget } from '../../../lib/dead-letter/disk/target.ts'
import { DeliveryError } from '../../../lib/errors.ts'

function deadLetter(n: number): DeadLetter {
  const serialized = {
    topic: 't',
    partition: 1,
    partitionFixedBy: 'partitioner' as const,
    key: Buffer.from(`k${n}`),
    value: Buffer.from([0, 255, n]),
    headers: [['h', null]] as const,
    wireSize: 50,
  }
  const record = { topic: 't', value: 'x' }
  const inDoubt = { producerId: 9n, epoch: 1, baseSequence: 4, indexInBatch: 0, clusterId: 'c-1', fromOffset: 7n }
  const error = new DeliveryError('delivery-unknown', 'x', { outcome: 'unknown' })
  return toDeadLetter(
    {
      kind: 'failed',
      record,
      serialized,
      failureKind: 'delivery-failure',
      outcome: 'unknown',
      code: 'delivery-unknown',
      causeCode: 'REQUEST_TIMED_OUT',
      error,
      attempts: 2,
      firstAt: 1,
      lastAt: 2,
      inDoubt,
    },
    `id-${n}`,
    { trigger: 'http', id: 'r', index: n, function: 'http', arn: null, receiveCount: null },
  )
}

function listIn(folder: string): Promise<OpenDeadLetter[]> {
  return Array.fromAsync(new DiskDeadLetterStore(folder).deadLetters())
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'letters-test-'))
  try {
    await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('a dead letter is read back with the same bytes', async () => {
  await inFolder(async folder => {
    const disk = new DiskDeadLetterTarget(folder)
    const locations = await disk.store([deadLetter(1), deadLetter(2)])
    const listed = await listIn(folder)

    assert.deepEqual(
      listed.map(({ location }) => location),
      locations,
    )
    assert.deepEqual(recordOf(listed[1]?.deadLetter as DeadLetter).value, Buffer.from([0, 255, 2]))
    assert.deepEqual(recordOf(listed[0]?.deadLetter as DeadLetter).headers, [['h', null]])
    assert.equal(listed[0]?.deadLetter.inDoubt?.producerId, 9)
    const [file = ''] = readdirSync(folder)
    assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600)
    await disk.close()
  })
})

test('a completed dead letter is no longer listed; once stored again, it is open again', async () => {
  await inFolder(async folder => {
    const writer = new DiskDeadLetterTarget(folder)
    const store = new DiskDeadLetterStore(folder)
    const ids = async () => (await listIn(folder)).map(({ deadLetter: { recordId } }) => recordId)
    await writer.store([deadLetter(1), deadLetter(2), deadLetter(1)])
    const [first] = await Array.fromAsync(store.deadLetters())
    assert.ok(first)
    await store.complete([{ open: first, location: 'kafka:t-0@1' }])
    assert.deepEqual(await ids(), ['id-2'])

    await writer.store([deadLetter(1)])
    assert.deepEqual((await ids()).sort(), ['id-1', 'id-2'])
    await writer.close()
    await store.close()
  })
})

test('the same record with the same id has the same dead letter id; other bytes have another', () => {
  const record = {
    topic: 't',
    key: null,
    value: Buffer.from('v'),
    headers: [['traceparent', Buffer.from('a')]] as const,
  }
  assert.equal(
    deadLetterId(record, 'id'),
    deadLetterId({ ...record, headers: [['traceparent', Buffer.from('b')]] }, 'id'),
  )
  assert.notEqual(deadLetterId(record, 'id'), deadLetterId({ ...record, value: null }, 'id'))
  assert.notEqual(deadLetterId(record, 'id'), deadLetterId({ ...record, key: Buffer.alloc(0) }, 'id'))
  assert.equal(deadLetterId(record, 'id').length, 22)
})

test('a folder that can’t be written is a DeadLetterError', async () => {
  await inFolder(async folder => {
    writeFileSync(join(folder, 'file'), '')
    await assert.rejects(new DiskDeadLetterTarget(join(folder, 'file', 'letters')).store([deadLetter(1)]), {
      name: 'DeadLetterError',
    })
  })
})

test('the limit counts what is written, not the room that a redrive has reserved', async () => {
  await inFolder(async folder => {
    const open = Array.from({ length: 50 }, (_, n) => deadLetter(n))
    const target = new DiskDeadLetterTarget(folder, { maxBytes: 100_000 })
    await target.store(open)
    const store = new DiskDeadLetterStore(folder)
    await store.reserve(await Array.fromAsync(store.deadLetters()))
    const sizes = readdirSync(folder).map(name => statSync(join(folder, name)).size)
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) > 100_000, `${sizes}`)
    await target.store([deadLetter(50)])
    await Promise.all([target.close(), store.close()])
  })
})

test('what is written belongs to the owner of the folder', async () => {
  await inFolder(async folder => {
    const { uid } = statSync(folder)
    // Only root may change it.
    if (uid === 0) chownSync(folder, 65_534, 65_534)
    const target = new DiskDeadLetterTarget(folder)
    await target.store([deadLetter(1)])
    await target.close()
    await new DiskDeadLetterStore(folder).sending.write('{}')
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).uid, statSync(folder).uid, name)
  })
})
