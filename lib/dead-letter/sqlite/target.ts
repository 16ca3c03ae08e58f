// Dead letters in a SQLite database (node:sqlite), one row each, on disk before their locations are returned.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { DeadLetterError } from '../../errors.ts'
import type { DeadLetter } from '../dead-letter.ts'
import type { DeadLetterTarget, DeadLetterTargetKind } from '../dead-letter-target.ts'
import { lastingPath } from '../lasting-path.ts'

const BUSY_MS = 2000

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
   * @throws DeadLetterError when they are not all on disk: none of them counts as stored
   */
  async store(deadLetters: readonly DeadLetter[]): Promise<string[]> {
    await this.inTransaction(database => {
      const insert = database.prepare(
        'INSERT INTO letters (letter_id, topic, code, letter) VALUES (?, ?, ?, ?) ' +
          'ON CONFLICT (letter_id) DO UPDATE SET closed = NULL, letter = excluded.letter WHERE closed IS NOT NULL',
      )
      for (const deadLetter of deadLetters)
        insert.run(
          deadLetter.deadLetterId,
          deadLetter.record.topic,
          deadLetter.failure.code,
          JSON.stringify(deadLetter),
        )
    })
    return deadLetters.map(({ deadLetterId }) => `sqlite:${this.file}#${deadLetterId}`)
  }

  /** Stores a value that is too large for an earlier target. */
  async storeClaim(deadLetterId: string, value: Uint8Array): Promise<string> {
    await this.inTransaction(
      database =>
        void database
          .prepare('INSERT INTO claims (letter_id, value) VALUES (?, ?) ON CONFLICT (letter_id) DO NOTHING')
          .run(deadLetterId, value),
    )
    return `sqlite:${this.file}#claims/${deadLetterId}`
  }

  async close(): Promise<void> {
    const opened = this.#database
    this.#database = undefined
    ;(await opened)?.close()
  }

  /** @throws DeadLetterError when it is not on disk */
  async inTransaction(work: (database: DatabaseSync) => void): Promise<void> {
    try {
      const database = await this.open()
      database.exec('BEGIN IMMEDIATE')
      try {
        work(database)
        database.exec('COMMIT')
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK')
        throw error
      }
    } catch (cause) {
      if (cause instanceof DeadLetterError) throw cause
      throw new DeadLetterError('dead-letter', 'The SQLite target did not store the dead letters.', {
        retriable: true,
        cause,
      })
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
    mkdirSync(dirname(this.file), { recursive: true })
    const database = new DatabaseSync(this.file)
    // FULL: a commit is on disk when it returns, even with a write-ahead log.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = ${BUSY_MS};
      CREATE TABLE IF NOT EXISTS letters
        (letter_id TEXT PRIMARY KEY, topic TEXT, code TEXT NOT NULL, letter TEXT NOT NULL, closed TEXT);
      CREATE TABLE IF NOT EXISTS claims (letter_id TEXT PRIMARY KEY, value BLOB NOT NULL);
      CREATE TABLE IF NOT EXISTS lease
        (only INTEGER PRIMARY KEY CHECK (only = 1), holder TEXT NOT NULL, until INTEGER NOT NULL);`)
    return database
  }
}
