// The fault rig delays Metadata requests and no others, wherever the chunks of a connection are cut.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RequestScan } from '../../local/faults/request-scan.ts'

const PRODUCE = 0
const METADATA = 3

/** A request whose body looks like the heads of Metadata requests. */
function request(apiKey: number, bodyBytes: number): Buffer {
  const head = Buffer.alloc(6)
  head.writeInt32BE(2 + bodyBytes, 0)
  head.writeInt16BE(apiKey, 4)
  return Buffer.concat([head, Buffer.alloc(bodyBytes, METADATA)])
}

const chunksOf = (bytes: Buffer, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size))

test('a Metadata request is found once, between other requests, in chunks of any size', () => {
  const bytes = Buffer.concat([request(PRODUCE, 50), request(METADATA, 20), request(PRODUCE, 3)])
  for (let size = 1; size <= bytes.length; size++) {
    const scan = new RequestScan()
    const found = chunksOf(bytes, size).filter(chunk => scan.hasMetadata(chunk))
    assert.equal(found.length, 1, `chunks of ${size} bytes`)
  }
})

test('without a Metadata request none is found', () => {
  const bytes = Buffer.concat([request(PRODUCE, 50), request(18, 0), request(PRODUCE, 1)])
  for (let size = 1; size <= bytes.length; size++) {
    const scan = new RequestScan()
    assert.deepEqual(
      chunksOf(bytes, size).filter(chunk => scan.hasMetadata(chunk)),
      [],
    )
  }
})
