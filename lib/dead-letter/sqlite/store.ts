// The open dead letters of a SQLite database, oldest first. A completed row stays for a day, with the location of its
// record. Rows are found by their own key, never by the id in the envelope.
import type { DatabaseSync } from 'node:sqlite'
import { DeadLetterError } from '../../errors.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  COMPLETED_MS,
  type Completed,
  type Lease,
  type OpenDeadLetter,
  type ReadOptions,
  type Refusal,
  type Replacement,
  type SendingPlace,
  type StopRequest,
  type TargetDeadLetterStore,
} from '../dead-letter-store.ts'
import { parseDeadLetter } from '../read-dead-letter.ts'
import type { DeadLetterTargetConfig } from '../target-kinds.ts'
import { hasDatabase } from './database-file.ts'
import { requestStop, takeLease } from './lease.ts'
import { insert, SqliteDeadLetterTarget, sqliteError } from './target.ts'

/** Rows whose sizes are read at once, and the bytes of those that are read whole at once: JSON and objects are more. */
const PAGE = 200
const PAGE_BYTES = 4 * 1024 * 1024
/** What noting takes beside the dead letter itself: a location, a page of an index, the journal. */
const NOTE_BYTES = 1024
/** The most pages that one `tidy` returns to the file system. */
const VACUUM_PAGES = 20_000

export function openStore({ file }: DeadLetterTargetConfig<'sqlite'>): SqliteDeadLetterStore {
  return new SqliteDeadLetterStore(file)
}

/** The key of the row. */
type Handle = string

interface Size {
  readonly rowid: number
  readonly bytes: number
}

interface Row {
  readonly rowid: number
  readonly letter_id: string
  readonly letter: string
}

export class SqliteDeadLetterStore implements TargetDeadLetterStore<Handle> {
  readonly #file: string
  readonly #target: SqliteDeadLetterTarget
  #reader: DatabaseSync | undefined

  constructor(file: string) {
    this.#file = file
    this.#target = new SqliteDeadLetterTarget(file)
  }

  async *deadLetters({ onUnreadable = () => {}, signal }: ReadOptions = {}): AsyncGenerator<OpenDeadLetter<Handle>> {
    const database = await this.#read()
    const sizes = database.prepare(
      'SELECT rowid, octet_length(letter) AS bytes FROM letters WHERE closed IS NULL AND rowid > ? ' +
        'ORDER BY rowid LIMIT ?',
    )
    const page = database.prepare(
      'SELECT rowid, letter_id, letter FROM letters WHERE closed IS NULL AND rowid > ? AND rowid <= ? ORDER BY rowid',
    )
    for (let last = 0; !signal?.aborted; ) {
      const end = endOfPage(sizes.all(last, PAGE) as unknown as Size[])
      if (end === undefined) return
      for (const { letter_id: handle, letter } of page.all(last, end) as unknown as Row[]) {
        const location = `sqlite:${this.#file}#${handle}`
        const result = parseDeadLetter(letter)
        if (result.kind === 'dead-letter')
          yield { deadLetter: result.deadLetter, location, verified: result.verified, handle }
        else onUnreadable({ location, reason: result.kind === 'foreign' ? 'no dead letter' : result.reason, count: 1 })
      }
      last = end
    }
  }

  async find(deadLetter: DeadLetter, location: string): Promise<OpenDeadLetter<Handle>> {
    return { deadLetter, location, verified: true, handle: location.slice(location.lastIndexOf('#') + 1) }
  }

  async complete(completed: readonly Completed<Handle>[]): Promise<void> {
    await this.#target.inTransaction(database => {
      for (const { open, location } of completed) complete(database, open.handle, location)
    })
  }

  async replace(open: OpenDeadLetter<Handle>, deadLetter: DeadLetter): Promise<void> {
    await this.replaceAll([{ open, deadLetter }])
  }

  async replaceAll(replacements: readonly Replacement<Handle>[]): Promise<readonly Refusal<Handle>[]> {
    await this.#target.inTransaction(database => {
      for (const { open, deadLetter } of replacements) replace(database, open.handle, deadLetter)
    })
    return []
  }

  /** One row. */
  readonly sending: SendingPlace = {
    read: async () => {
      const database = await this.#read()
      // A database that no redrive of this version has opened does not have the table.
      const table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'sending'"
      if (!database.prepare(table).get()) return undefined
      return database.prepare('SELECT note FROM sending').get()?.note as string | undefined
    },
    write: note =>
      this.#target.inTransaction(database => {
        database.prepare('INSERT OR REPLACE INTO sending (only, note) VALUES (1, ?)').run(note)
      }),
    remove: () => this.#target.inTransaction(database => database.exec('DELETE FROM sending')),
  }

  /** Writes as much as will be noted and removes it: the pages stay in the file, free for the notes. */
  async reserve(open: readonly OpenDeadLetter<Handle>[]): Promise<void> {
    const bytes = open.reduce((sum, { deadLetter }) => sum + JSON.stringify(deadLetter).length + NOTE_BYTES, 0)
    await this.#target.inTransaction(database => {
      const { freelist_count: free } = database.prepare('PRAGMA freelist_count').get() as { freelist_count: number }
      const { page_size: size } = database.prepare('PRAGMA page_size').get() as { page_size: number }
      if (free * size < bytes) database.prepare('INSERT INTO room (filler) VALUES (zeroblob(?))').run(bytes)
    })
    await this.#target.inTransaction(database => void database.exec('DELETE FROM room'))
  }

  /** Rows that 0.1 completed do not say when: they begin to count now. */
  async tidy(): Promise<void> {
    const now = Date.now()
    await this.#target.inTransaction(database => {
      database.prepare('UPDATE letters SET closed_at = ? WHERE closed IS NOT NULL AND closed_at IS NULL').run(now)
      database.prepare('DELETE FROM letters WHERE closed IS NOT NULL AND closed_at < ?').run(now - COMPLETED_MS)
      const isOld = 'completed_claims WHERE at < ?'
      database.prepare(`DELETE FROM claims WHERE letter_id IN (SELECT letter_id FROM ${isOld})`).run(now - COMPLETED_MS)
      database.prepare(`DELETE FROM ${isOld}`).run(now - COMPLETED_MS)
    })
    await this.#target.inTransaction(database => database.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`))
  }

  async lease(): Promise<Lease> {
    // Only a database that is there is opened for writing.
    await this.#read()
    return takeLease(this.#target)
  }

  async requestStop(): Promise<StopRequest> {
    await this.#read()
    return requestStop(this.#target)
  }

  async close(): Promise<void> {
    const reader = this.#reader
    this.#reader = undefined
    reader?.close()
    await this.#target.close()
  }

  /** For reading alone: looking changes and creates nothing. */
  async #read(): Promise<DatabaseSync> {
    if (this.#reader) return this.#reader
    if (!hasDatabase(this.#file))
      throw new DeadLetterError('not-found', `sqlite:${this.#file}: expected a database, there is no such file.`)
    const { DatabaseSync } = await import('node:sqlite')
    try {
      const database = new DatabaseSync(this.#file, { readOnly: true, timeout: 2000 })
      this.#reader = database
      database.prepare('SELECT letter_id, letter, closed FROM letters LIMIT 1').get()
      return database
    } catch (cause) {
      throw sqliteError('can’t be read', cause)
    }
  }
}

/** @returns the row that a page ends with; undefined if there is none */
function endOfPage(sizes: readonly Size[]): number | undefined {
  let bytes = 0
  let end: number | undefined
  for (const size of sizes) {
    bytes += size.bytes
    if (end !== undefined && bytes > PAGE_BYTES) break
    end = size.rowid
  }
  return end
}

function complete(database: DatabaseSync, handle: Handle, location: string): void {
  const update = database.prepare('UPDATE letters SET closed = ?, closed_at = ? WHERE letter_id = ?')
  update.run(location, Date.now(), handle)
}

function replace(database: DatabaseSync, handle: Handle, deadLetter: DeadLetter): void {
  // A row is found by its id: under the old id the old dead letter could not be stored again.
  if (deadLetter.deadLetterId !== handle) {
    insert(database, [deadLetter])
    complete(database, handle, 'replaced')
    return
  }
  database.prepare('UPDATE letters SET letter = ? WHERE letter_id = ?').run(JSON.stringify(deadLetter), handle)
}
