import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { DiskDeadLetter } from '../../lib/dead-letter/disk-dead-letter.ts'
import { type DeadLetter, letterId, recordOf, toDeadLetter } from '../../lib/dead-letter/envelope.ts'
import { readSegment } from '../../lib/dead-letter/segment.ts'
import { DeliveryError } from '../../lib/errors.ts'
import { DiskLetters } from '../../lib/redrive/disk-letters.ts'
import type { OpenLetter } from '../../lib/redrive/letter-store.ts'

function letter(n: number): DeadLetter {
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
  const inDoubt = { producerId: 9n, epoch: 1, baseSequence: 4, indexInBatch: 0 }
  const error = new DeliveryError('unknown', 'delivery-unknown', 'x')
  return toDeadLetter(
    {
      kind: 'failed',
      record,
      serialized,
      fault: 'system',
      outcome: 'unknown',
      code: 'delivery-unknown',
      brokerCode: 'REQUEST_TIMED_OUT',
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

function listIn(folder: string): Promise<OpenLetter[]> {
  return Array.fromAsync(new DiskLetters(folder).letters())
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'letters-test-'))
  try {
    await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('a letter gives back the bytes it was given', async () => {
  await inFolder(async folder => {
    const disk = new DiskDeadLetter(folder)
    const receipts = await disk.store([letter(1), letter(2)])
    const listed = await listIn(folder)

    assert.deepEqual(
      listed.map(({ receipt }) => receipt),
      receipts,
    )
    assert.deepEqual(recordOf(listed[1]?.letter as DeadLetter).value, Buffer.from([0, 255, 2]))
    assert.deepEqual(recordOf(listed[0]?.letter as DeadLetter).headers, [['h', null]])
    assert.equal(listed[0]?.letter.inDoubt?.producerId, 9)
    const [file = ''] = readdirSync(folder)
    assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600)
    await disk.close()
  })
})

test('a file cut at any byte gives back the whole letters before the cut and nothing else', async () => {
  await inFolder(async folder => {
    const disk = new DiskDeadLetter(folder)
    await disk.store([letter(1), letter(2), letter(3)])
    await disk.close()
    const whole = readFileSync(join(folder, readdirSync(folder)[0] as string))
    const ends = [...readSegment(whole)]
      .map(({ offset }) => offset)
      .slice(1)
      .concat(whole.length)

    for (let cut = 0; cut <= whole.length; cut++) assert.equal([...readSegment(whole.subarray(0, cut))].length, ends.filter(end => end <= cut).length)
    const flipped = Buffer.from(whole)
    flipped[20] = (flipped[20] as number) ^ 1
    assert.equal([...readSegment(flipped)].length, 0)
  })
})

test('a settled letter is no longer listed, whichever file says so; stored again it is open again', async () => {
  await inFolder(async folder => {
    const writer = new DiskDeadLetter(folder)
    const store = new DiskLetters(folder)
    const ids = async () => (await listIn(folder)).map(({ letter: { recordId } }) => recordId)
    await writer.store([letter(1), letter(2), letter(1)])
    const [first] = await listIn(folder)
    await store.settle([{ open: first as OpenLetter, receipt: 'kafka:t-0@1' }])
    assert.deepEqual(await ids(), ['id-2'])

    await writer.store([letter(1)])
    assert.deepEqual((await ids()).sort(), ['id-1', 'id-2'])
    await writer.close()
    await store.close()
  })
})

test('the same record under the same id is one letter, other bytes are another', () => {
  const record = { topic: 't', key: null, value: Buffer.from('v'), headers: [['traceparent', Buffer.from('a')]] as const }
  assert.equal(letterId(record, 'id'), letterId({ ...record, headers: [['traceparent', Buffer.from('b')]] }, 'id'))
  assert.notEqual(letterId(record, 'id'), letterId({ ...record, value: null }, 'id'))
  assert.notEqual(letterId(record, 'id'), letterId({ ...record, key: Buffer.alloc(0) }, 'id'))
  assert.equal(letterId(record, 'id').length, 22)
})

test('a folder that can not be written is an error, not a receipt', async () => {
  await inFolder(async folder => {
    writeFileSync(join(folder, 'file'), '')
    await assert.rejects(new DiskDeadLetter(join(folder, 'file', 'letters')).store([letter(1)]), { name: 'DeadLetterError' })
  })
})
