// Reads and completes the dead letters of a SQLite database, oldest first. A completed row stays for a day, with the
// location of its record. Rows are found by their key, never by the id in the envelope, which may be forged.
import { hash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { DeadLetterError } from '../../errors.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  COMPLETED_MS,
  type Completed,
  type Lease,
  type LeaseWait,
  type OpenDeadLetter,
  type ReadOptions,
  type Refusal,
  type Replacement,
  type SendingPlace,
  type StopRequest,
  type TargetDeadLetterStore,
} from '../dead-letter-store.ts'
import { mergeDeadLetters } from '../merge-dead-letters.ts'
import { parseDeadLetter, readDeadLetter } from '../read-dead-letter.ts'
import type { DeadLetterTargetConfig } from '../target-kinds.ts'
import { hasDatabase } from './database-file.ts'
import { requestStop, takeLease } from './lease.ts'
import { readRows } from './read-rows.ts'
import { insert, SqliteDeadLetterTarget, sqliteError } from './target.ts'

/** The room that a note takes in addition to the dead letter, bytes: a location, an index page, the journal. */
const NOTE_BYTES = 1024
/** The most pages that one `tidy` returns to the file system. */
const VACUUM_PAGES = 20_000

export function openStore({ file }: DeadLetterTargetConfig<'sqlite'>): SqliteDeadLetterStore {
  return new SqliteDeadLetterStore(file)
}

interface Handle {
  /** The key of the row. */
  readonly id: string
  /** The hash of the row's content when it was read; undefined if it was not read. */
  readonly was?: string
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
    try {
      for (const row of readRows(database)) {
        if (signal?.aborted) return
        if ('damaged' in row) {
          const [where, reason] =
            row.damaged === undefined
              ? ['', 'a damaged page hides which rows exist']
              : [`#row ${row.damaged}`, 'it lies in a damaged page']
          onUnreadable({ location: `sqlite:${this.#file}${where}`, reason, count: 1 })
          continue
        }
        const { letter_id: id, letter } = row
        const location = `sqlite:${this.#file}#${id}`
        const result = parseDeadLetter(letter)
        if (result.kind === 'dead-letter') {
          const handle = { id, was: hash('sha256', letter) }
          yield { deadLetter: result.deadLetter, location, verified: result.verified, handle }
        } else
          onUnreadable({ location, reason: result.kind === 'foreign' ? 'no dead letter' : result.reason, count: 1 })
      }
    } catch (cause) {
      throw cause instanceof DeadLetterError ? cause : sqliteError('can’t be read', cause)
    }
  }

  async find(deadLetter: DeadLetter, location: string): Promise<OpenDeadLetter<Handle>> {
    return { deadLetter, location, verified: true, handle: { id: location.slice(location.lastIndexOf('#') + 1) } }
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
      // The table is missing if no redrive of this version has opened the database.
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

  /** Writes as many bytes as the notes will need and deletes them: the free pages stay in the file. */
  async reserve(open: readonly OpenDeadLetter<Handle>[]): Promise<void> {
    const bytes = open.reduce((sum, { deadLetter }) => sum + JSON.stringify(deadLetter).length + NOTE_BYTES, 0)
    await this.#target.inTransaction(database => {
      const { freelist_count: free } = database.prepare('PRAGMA freelist_count').get() as { freelist_count: number }
      const { page_size: size } = database.prepare('PRAGMA page_size').get() as { page_size: number }
      if (free * size < bytes) database.prepare('INSERT INTO room (filler) VALUES (zeroblob(?))').run(bytes)
    })
    await this.#target.inTransaction(database => void database.exec('DELETE FROM room'))
  }

  /** Rows that version 0.1 completed have no time of completion, so their day starts now. */
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

  async lease(wait?: LeaseWait): Promise<Lease> {
    // Opening for writing would create a missing database.
    await this.#read()
    return takeLease(this.#target, wait)
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

  /** Opens the database read-only, so that listing changes and creates nothing. */
  async #read(): Promise<DatabaseSync> {
    if (this.#reader) return this.#reader
    if (!hasDatabase(this.#file))
      throw new DeadLetterError('not-found', `sqlite:${this.#file}: expected a database; the file does not exist.`)
    const { DatabaseSync } = await import('node:sqlite')
    const open = (readOnly: boolean) => {
      const database = new DatabaseSync(this.#file, { readOnly, timeout: 2000 })
      try {
        // Checks the schema without reading a row: a damaged row must not hide the others.
        database.prepare('SELECT letter_id, letter, closed FROM letters LIMIT 0').get()
        return database
      } catch (error) {
        database.close()
        throw error
      }
    }
    try {
      this.#reader = open(true)
    } catch (error) {
      // A writer was killed within a transaction. SQLite rolls it back only when the file is opened for writing.
      if (!isUnfinished(error)) throw sqliteError('can’t be read', error)
    }
    try {
      if (!this.#reader) open(false).close()
      this.#reader ??= open(true)
      return this.#reader
    } catch (cause) {
      throw sqliteError('can’t be read', cause)
    }
  }
}

const SQLITE_READONLY_ROLLBACK = 776

function isUnfinished(error: unknown): boolean {
  return (error as { errcode?: unknown } | null)?.errcode === SQLITE_READONLY_ROLLBACK
}

function complete(database: DatabaseSync, { id }: Handle, location: string): void {
  const update = database.prepare('UPDATE letters SET closed = ?, closed_at = ? WHERE letter_id = ?')
  update.run(location, Date.now(), id)
}

function replace(database: DatabaseSync, handle: Handle, deadLetter: DeadLetter): void {
  const { id, was } = handle
  // The new id needs a new row: if the old dead letter is stored again, its id must be free.
  if (deadLetter.deadLetterId !== id) {
    insert(database, [deadLetter])
    complete(database, handle, 'replaced')
    return
  }
  const stored = database.prepare('SELECT letter FROM letters WHERE letter_id = ?').get(id)?.letter
  // The record may have failed again meanwhile; where in the log that attempt may have left it must be kept.
  const later =
    typeof stored === 'string' && was !== undefined && hash('sha256', stored) !== was && readDeadLetter(stored)
  const merged = later ? mergeDeadLetters(deadLetter, later) : deadLetter
  database.prepare('UPDATE letters SET letter = ? WHERE letter_id = ?').run(JSON.stringify(merged), id)
}
