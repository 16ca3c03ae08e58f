// Letters in a SQLite database (node:sqlite), one row each, on disk before their receipts are given.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { DeadLetterError } from '../errors.ts'
import type { DeadLetterTarget } from './dead-letter-chain.ts'
import type { StoredLetter } from './disk-dead-letter.ts'
import type { DeadLetter } from './envelope.ts'

const BUSY_MS = 2000

export class SqliteDeadLetter implements DeadLetterTarget {
  readonly file: string
  #database: Promise<DatabaseSync> | undefined

  constructor(file: string) {
    this.file = file
  }

  /**
   * @returns receipts `sqlite:<file>#<letterId>`; a letter that is there already has the same
   * @throws DeadLetterError when they are not on disk; none of them then counts as stored
   */
  async store(letters: readonly DeadLetter[]): Promise<string[]> {
    await this.#inTransaction(database => {
      const insert = database.prepare(
        'INSERT INTO letters (letter_id, topic, code, letter) VALUES (?, ?, ?, ?) ON CONFLICT (letter_id) DO UPDATE SET closed = NULL WHERE closed IS NOT NULL',
      )
      for (const letter of letters) insert.run(letter.letterId, letter.record.topic, letter.failure.code, JSON.stringify(letter))
    })
    return letters.map(({ letterId }) => `sqlite:${this.file}#${letterId}`)
  }

  /** Keeps a value that is too large for the target before this one. */
  async storeClaim(letterId: string, value: Uint8Array): Promise<string> {
    await this.#inTransaction(database => void database.prepare('INSERT INTO claims (letter_id, value) VALUES (?, ?) ON CONFLICT (letter_id) DO NOTHING').run(letterId, value))
    return `sqlite:${this.file}#claims/${letterId}`
  }

  /** Notes that letters are settled; `list` no longer shows them. */
  async closeLetters(closed: readonly { letterId: string; receipt: string }[]): Promise<void> {
    await this.#inTransaction(database => {
      const update = database.prepare('UPDATE letters SET closed = ? WHERE letter_id = ?')
      for (const { letterId, receipt } of closed) update.run(receipt, letterId)
    })
  }

  /** Open letters, in the order in which they were stored. */
  async list(): Promise<StoredLetter[]> {
    const database = await this.#open()
    const rows = database.prepare('SELECT letter_id, letter FROM letters WHERE closed IS NULL ORDER BY rowid').all() as { letter_id: string; letter: string }[]
    return rows.map(({ letter_id, letter }) => ({ letter: JSON.parse(letter) as DeadLetter, receipt: `sqlite:${this.file}#${letter_id}` }))
  }

  async close(): Promise<void> {
    const opened = this.#database
    this.#database = undefined
    ;(await opened)?.close()
  }

  async #inTransaction(work: (database: DatabaseSync) => void): Promise<void> {
    try {
      const database = await this.#open()
      database.exec('BEGIN IMMEDIATE')
      try {
        work(database)
        database.exec('COMMIT')
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK')
        throw error
      }
    } catch (cause) {
      throw new DeadLetterError('dead-letter', 'The SQLite target did not store the letters.', { retriable: true, cause })
    }
  }

  #open(): Promise<DatabaseSync> {
    this.#database ??= this.#create().catch(error => {
      this.#database = undefined
      throw error
    })
    return this.#database
  }

  async #create(): Promise<DatabaseSync> {
    const { DatabaseSync } = await import('node:sqlite')
    mkdirSync(dirname(this.file), { recursive: true })
    const database = new DatabaseSync(this.file)
    // FULL: a commit is on disk when it returns, also with a write-ahead log.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = ${BUSY_MS};
      CREATE TABLE IF NOT EXISTS letters (letter_id TEXT PRIMARY KEY, topic TEXT, code TEXT NOT NULL, letter TEXT NOT NULL, closed TEXT);
      CREATE TABLE IF NOT EXISTS claims (letter_id TEXT PRIMARY KEY, value BLOB NOT NULL);`)
    return database
  }
}
