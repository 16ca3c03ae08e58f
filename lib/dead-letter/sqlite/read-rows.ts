// Reads the rows of open dead letters page by page. Row ids are untrusted, and a damaged page of the file affects only
// the rows in it.
import type { DatabaseSync } from 'node:sqlite'

/**
 * How many sizes of rows are read at once, and how many bytes of whole rows; as JSON and objects they take more memory.
 */
const PAGE = 200
const PAGE_BYTES = 4 * 1024 * 1024
const [MIN_ROWID, MAX_ROWID] = [-(2n ** 63n), 2n ** 63n - 1n]
const SQLITE_CORRUPT = 11
/** The index of the primary key: it is in another part of the file and also contains the ids of all rows. */
const KEY_INDEX = 'sqlite_autoindex_letters_1'

interface Row {
  readonly rowid: bigint
  readonly letter_id: string
  readonly letter: string
}

/** A row, or the id of a row in a damaged page; undefined for damaged rows whose ids are unknown. */
export type ReadRow = Pick<Row, 'letter_id' | 'letter'> | { readonly damaged: bigint | undefined }

export function* readRows(database: DatabaseSync): Generator<ReadRow> {
  const sizes = database.prepare(
    'SELECT rowid, octet_length(letter) AS bytes FROM letters WHERE closed IS NULL AND rowid >= ? ' +
      'ORDER BY rowid LIMIT ?',
  )
  const page = database.prepare(
    'SELECT letter_id, letter FROM letters WHERE closed IS NULL AND rowid >= ? AND rowid <= ? ORDER BY rowid',
  )
  sizes.setReadBigInts(true)
  for (let from = MIN_ROWID; ; ) {
    let rows: Row[]
    let end: bigint | undefined
    try {
      end = endOfPage(sizes.all(from, PAGE) as unknown as Size[])
      if (end === undefined) return
      rows = page.all(from, end) as unknown as Row[]
    } catch (error) {
      if (!isDamage(error)) throw error
      return yield* readOneByOne(database, from)
    }
    yield* rows
    if (end === MAX_ROWID) return
    from = end + 1n
  }
}

interface Size {
  readonly rowid: bigint
  readonly bytes: bigint
}

/** @returns the id of a page's last row; undefined if there is none */
function endOfPage(sizes: readonly Size[]): bigint | undefined {
  let bytes = 0
  let end: bigint | undefined
  for (const size of sizes) {
    bytes += Number(size.bytes)
    if (end !== undefined && bytes > PAGE_BYTES) break
    end = size.rowid
  }
  return end
}

function* readOneByOne(database: DatabaseSync, from: bigint): Generator<ReadRow> {
  const one = database.prepare('SELECT letter_id, letter FROM letters WHERE rowid = ? AND closed IS NULL')
  const { numbers, isWhole } = numbersFrom(database, from)
  for (const rowid of numbers) {
    try {
      const row = one.get(rowid) as unknown as Row | undefined
      if (row) yield row
    } catch (error) {
      if (!isDamage(error)) throw error
      yield { damaged: rowid }
    }
  }
  if (!isWhole) yield { damaged: undefined }
}

/** Reads row ids from the index, without reading the rows themselves. */
function numbersFrom(
  database: DatabaseSync,
  from: bigint,
): { readonly numbers: BigInt64Array; readonly isWhole: boolean } {
  const numbers: bigint[] = []
  let isWhole = true
  try {
    const all = database.prepare(`SELECT rowid FROM letters INDEXED BY ${KEY_INDEX} ORDER BY letter_id`)
    all.setReadBigInts(true)
    for (const { rowid } of all.iterate() as Iterable<unknown> as Iterable<Pick<Row, 'rowid'>>)
      if (rowid >= from) numbers.push(rowid)
  } catch (error) {
    if (!isDamage(error)) throw error
    isWhole = false
  }
  return { numbers: BigInt64Array.from(numbers).sort(), isWhole }
}

function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' && (code & 0xff) === SQLITE_CORRUPT
}
