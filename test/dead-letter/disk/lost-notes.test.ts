// What a damaged place says about the notes that may have been in it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LostNotes } from '../../../lib/dead-letter/disk/lost-notes.ts'
import { BufferSource } from '../../../lib/dead-letter/disk/read-segment.ts'
import { HEADER_BYTES, MAGIC, type SegmentFormat } from '../../../lib/dead-letter/disk/segment.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'

const ID = deadLetterOf('a').deadLetterId
const OTHER = deadLetterOf('b').deadLetterId
const [PLACE, OTHER_PLACE] = ['disk:x.seg2#12', 'disk:x.seg2#13']

interface Damage {
  readonly format?: SegmentFormat
  /** What follows the damaged place. */
  readonly behind?: string
}

/** Whether one of the two dead letters may be completed by a note in the damaged place, and which. */
async function concerned(damaged: string | Buffer, { format = 'seg2', behind = '' }: Damage = {}) {
  const notes = new LostNotes()
  const place = Buffer.isBuffer(damaged) ? damaged : Buffer.from(damaged, 'latin1')
  const before = Buffer.alloc(10, 'x')
  const source = new BufferSource(Buffer.concat([before, place, Buffer.from(behind)]))
  await notes.addDamage(source, { offset: 10, end: 10 + place.length }, format)
  const [one, other] = [notes.mayConcern(ID, [PLACE]), notes.mayConcern(OTHER, [OTHER_PLACE])]
  return one === other ? (one ? 'all' : 'none') : one ? 'one' : 'other'
}

test('a damaged note concerns what it names by id or location, and everything if it names nothing', async () => {
  assert.equal(await concerned(`{"closed":"${ID}","of":["xx`), 'one')
  assert.equal(await concerned(`sed":"${ID}","of":["${PLACE}"],"location`), 'one')
  assert.equal(await concerned(`"of":["disk:y.seg2#1","${OTHER_PLACE}"]`), 'other')
  assert.equal(await concerned(`"closed":"${ID}"... "${OTHER_PLACE}"`), 'all')
  for (const trace of ['"closed":"', '"of":["disk:', '"location":"kafka:']) assert.equal(await concerned(trace), 'all')
  // No id, and no location, has such a form.
  assert.equal(await concerned(`"closed":"${ID}x"`), 'all')
  assert.equal(await concerned(`"of":["disk:x.seg2#${'1'.repeat(16)}"]`), 'all')
})

test('a damaged dead letter is no note, as long as one of its fields is there', async () => {
  for (const trace of ['"schemaVersion":', '"deadLetterId":"', '"recordId":"']) {
    assert.equal(await concerned(`xx${trace}xx`), 'none')
    assert.equal(await concerned(`xx${trace.slice(1)}xx`), 'all')
  }
})

test('a place without any trace, or with a block of zeros, may have held any note', async () => {
  assert.equal(await concerned('garbage'), 'all')
  const deadLetter = '"schemaVersion":2'
  assert.equal(await concerned(`${deadLetter}${'\0'.repeat(63)}`), 'none')
  assert.equal(await concerned(`${deadLetter}${'\0'.repeat(64)}`), 'all')
})

test('a write that was interrupted at the end of a file completed nothing', async () => {
  const note = `"closed":"${ID}"`
  const reserved = (bytes: number) => `${note}${'\u00ff'.repeat(bytes)}`
  assert.equal(await concerned(reserved(16)), 'none')
  assert.equal(await concerned(reserved(15)), 'one')
  assert.equal(await concerned(`${reserved(16)}x`), 'one')
  assert.equal(await concerned(reserved(16), { behind: 'x' }), 'one')
  for (const format of ['seg', 'seg2'] as const) {
    const beginning = format === 'seg' ? Buffer.alloc(0) : MAGIC
    const withLength = (missing: number) => {
      const place = Buffer.concat([beginning, Buffer.alloc(HEADER_BYTES[format] - beginning.length), Buffer.from(note)])
      place.writeUInt32BE(note.length + missing, beginning.length)
      return place
    }
    assert.equal(await concerned(withLength(1), { format }), 'none', format)
    assert.equal(await concerned(withLength(0), { format }), 'one', format)
    assert.equal(await concerned(withLength(1), { format, behind: 'x' }), 'one', format)
    // Less than a header begins here.
    assert.equal(await concerned(Buffer.concat([beginning, Buffer.alloc(3, 0x41)]), { format }), 'all', format)
    assert.equal(await concerned(Buffer.concat([beginning, Buffer.alloc(4, 0x41)]), { format }), 'none', format)
  }
})

test('the first megabyte of a damaged place is searched', async () => {
  const note = `"closed":"${ID}"`
  const [inside, behind] = [1024 * 1024 - note.length, 1024 * 1024 - note.length + 1].map(
    at => `"schemaVersion":2${'x'.repeat(at - '"schemaVersion":2'.length)}${note}x`,
  ) as [string, string]
  assert.equal(await concerned(inside), 'one')
  assert.notEqual(await concerned(behind), 'one')
})

test('what can’t be read at all may hold a note about anything', () => {
  const notes = new LostNotes()
  assert.equal(notes.mayConcern(ID, [PLACE]), false)
  notes.addAll()
  assert.equal(notes.mayConcern(ID, []), true)
})
