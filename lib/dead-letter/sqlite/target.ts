// Stores dead letters in a SQLite database (node:sqlite), one row each. Locations are returned only after the commit is
// on disk.
import type { DatabaseSync } from 'node:sqlite'
import { DeadLetterError } from '../../errors.ts'
import { sleep, systemClock } from '../../time/clock.ts'
import { Deadline } from '../../time/deadline.ts'
import type { DeadLetter } from '../dead-letter.ts'
import type { DeadLetterTarget, DeadLetterTargetKind } from '../dead-letter-target.ts'
import { lastingPath } from '../lasting-path.ts'
import { withDoubt } from '../merge-dead-letters.ts'
import { readDeadLetter } from '../read-dead-letter.ts'
import { createPrivately } from './database-file.ts'

/** How long a call of SQLite may block this process while another one holds a lock, ms. */
const BUSY_MS = 20
/** The pause between retries of a locked database, ms, and how long to retry if there is no deadline. */
const RETRY_MS = 10
const WAIT_MS = 10_000

export interface SqliteTargetConfig {
  readonly kind: 'sqlite'
  readonly file: string
}

export const sqlite: DeadLetterTargetKind<SqliteTargetConfig> = {
  syntax: 'sqlite:<file>',
  parse: (text, context) => (text === '' ? undefined : { kind: 'sqlite', file: lastingPath(text, context) }),
}

export function createSqliteTarget({ file }: SqliteTargetConfig): SqliteDeadLetterTarget {
  return new SqliteDeadLetterTarget(file)
}

export class SqliteDeadLetterTarget implements DeadLetterTarget {
  readonly file: string
  #database: Promise<DatabaseSync> | undefined

  constructor(file: string) {
    this.file = file
  }

  /**
   * @returns locations `sqlite:<file>#<deadLetterId>`, the same for a dead letter that is already stored
   * @throws DeadLetterError if not all of them are on disk: none counts as stored
   */
  async store(deadLetters: readonly DeadLetter[], deadline?: Deadline): Promise<string[]> {
    await this.inTransaction(database => insert(database, deadLetters), deadline)
    return deadLetters.map(({ deadLetterId }) => `sqlite:${this.file}#${deadLetterId}`)
  }

  /** Stores a value that is too large for an earlier target. */
  async storeClaim(deadLetterId: string, value: Uint8Array): Promise<string> {
    await this.inTransaction(database => {
      database
        .prepare('INSERT INTO claims (letter_id, value) VALUES (?, ?) ON CONFLICT (letter_id) DO NOTHING')
        .run(deadLetterId, value)
      // An earlier dead letter of the same record may have been completed; this one is open.
      database.prepare('DELETE FROM completed_claims WHERE letter_id = ?').run(deadLetterId)
    })
    return `sqlite:${this.file}#claims/${deadLetterId}`
  }

  async close(): Promise<void> {
    const opened = this.#database
    this.#database = undefined
    ;(await opened)?.close()
  }

  /**
   * Runs `work` as one transaction. While another process has the database locked, it waits until the deadline.
   * @param work runs again if its transaction could not be committed
   * @throws DeadLetterError if the transaction is not on disk
   */
  async inTransaction(
    work: (database: DatabaseSync) => void,
    deadline = Deadline.after(systemClock, WAIT_MS),
  ): Promise<void> {
    for (;;) {
      try {
        return transact(await this.open(), work)
      } catch (cause) {
        if (cause instanceof DeadLetterError) throw cause
        if (!isBusy(cause) || deadline.passed) throw sqliteError('did not store the dead letters', cause)
      }
      await sleep(systemClock, RETRY_MS)
    }
  }

  open(): Promise<DatabaseSync> {
    this.#database ??= this.#create().catch(error => {
      this.#database = undefined
      throw error
    })
    return this.#database
  }

  async #create(): Promise<DatabaseSync> {
    const { DatabaseSync } = await import('node:sqlite')
    await createPrivately(this.file)
    const database = new DatabaseSync(this.file, { timeout: BUSY_MS })
    try {
      prepare(database)
      return database
    } catch (error) {
      database.close()
      throw error
    }
  }
}

function prepare(database: DatabaseSync): void {
  // With EXTRA, a commit and the removal of its journal are on disk when the call returns. A write-ahead log is not
  // used, because it does not work if two hosts open the file on a network file system (sqlite.org/wal.html).
  database.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA synchronous = EXTRA')
  leaveWriteAheadLog(database)
  database.exec(`BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS letters
        (letter_id TEXT PRIMARY KEY, topic TEXT, code TEXT NOT NULL, letter TEXT NOT NULL, closed TEXT);
      CREATE TABLE IF NOT EXISTS claims (letter_id TEXT PRIMARY KEY, value BLOB NOT NULL);
      CREATE TABLE IF NOT EXISTS completed_claims (letter_id TEXT PRIMARY KEY, at INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS lease
        (only INTEGER PRIMARY KEY CHECK (only = 1), holder TEXT NOT NULL, until INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS stop_requests (holder TEXT PRIMARY KEY);
      CREATE TABLE IF NOT EXISTS sending (only INTEGER PRIMARY KEY CHECK (only = 1), note TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS room (filler BLOB);`)
  addColumn(database)
  database.exec('COMMIT')
}

function transact(database: DatabaseSync, work: (database: DatabaseSync) => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    work(database)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/**
 * Switches off the write-ahead log of a database of version 0.1. This works only once no other process has the file
 * open.
 */
function leaveWriteAheadLog(database: DatabaseSync): void {
  try {
    database.exec('PRAGMA journal_mode = DELETE')
  } catch (error) {
    if (!isBusy(error)) throw error
  }
}

/** Adds the column for the time of completion, ms since the epoch, which databases of version 0.1 lack. */
function addColumn(database: DatabaseSync): void {
  const columns = database.prepare("SELECT name FROM pragma_table_info('letters')").all()
  if (!columns.some(({ name }) => name === 'closed_at'))
    database.exec('ALTER TABLE letters ADD COLUMN closed_at INTEGER')
}

const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_FULL = 13

export function sqliteError(what: string, cause: unknown): DeadLetterError {
  const why = isBusy(cause) ? 'another process has it locked' : codeOf(cause) === SQLITE_FULL ? 'no room is left' : ''
  return new DeadLetterError('dead-letter', `The SQLite target ${what}${why === '' ? '' : `: ${why}`}.`, {
    retriable: true,
    cause,
  })
}

function isBusy(error: unknown): boolean {
  const code = codeOf(error)
  return code === SQLITE_BUSY || code === SQLITE_LOCKED
}

/** SQLite's primary result code (sqlite.org/rescode.html); undefined for an error that is not SQLite's. */
function codeOf(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xff : undefined
}

/** Inserts rows. If a dead letter has a row already, a completed one is opened again and an open one is merged. */
export function insert(database: DatabaseSync, deadLetters: readonly DeadLetter[]): void {
  const open = database.prepare('SELECT letter FROM letters WHERE letter_id = ? AND closed IS NULL')
  const statement = database.prepare(
    'INSERT INTO letters (letter_id, topic, code, letter) VALUES (?, ?, ?, ?) ' +
      'ON CONFLICT (letter_id) DO UPDATE SET closed = NULL, closed_at = NULL, letter = excluded.letter',
  )
  for (const deadLetter of deadLetters) {
    const { deadLetterId, record, failure } = deadLetter
    const stored = open.get(deadLetterId)?.letter
    const before = typeof stored === 'string' ? readDeadLetter(stored) : undefined
    const merged = before ? withDoubt(before, deadLetter) : deadLetter
    if (merged !== before) statement.run(deadLetterId, record.topic, failure.code, JSON.stringify(merged))
  }
}
