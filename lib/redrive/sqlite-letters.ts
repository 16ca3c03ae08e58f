// The open letters of a SQLite database, oldest first. Settled rows stay, with where their records are.
import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { DeadLetter } from '../dead-letter/envelope.ts'
import { readLetter } from '../dead-letter/read-letter.ts'
import { SqliteDeadLetter } from '../dead-letter/sqlite-dead-letter.ts'
import { DeadLetterError } from '../errors.ts'
import { LEASE_MS, type Lease, type LetterStore, type OpenLetter, type Settled } from './letter-store.ts'

const PAGE = 500

export class SqliteLetters implements LetterStore {
  readonly #target: SqliteDeadLetter

  constructor(file: string) {
    this.#target = new SqliteDeadLetter(file)
  }

  async *letters(): AsyncGenerator<OpenLetter> {
    const database = await this.#target.open()
    const page = database.prepare('SELECT rowid, letter_id, letter FROM letters WHERE closed IS NULL AND rowid > ? ORDER BY rowid LIMIT ?')
    for (let last = 0; ; ) {
      const rows = page.all(last, PAGE) as { rowid: number; letter_id: string; letter: string }[]
      if (rows.length === 0) return
      for (const row of rows) {
        const letter = readLetter(row.letter)
        if (letter) yield { letter, receipt: `sqlite:${this.#target.file}#${row.letter_id}` }
      }
      last = (rows.at(-1) as { rowid: number }).rowid
    }
  }

  async settle(settled: readonly Settled[]): Promise<void> {
    await this.#target.inTransaction(database => {
      const update = database.prepare('UPDATE letters SET closed = ? WHERE letter_id = ?')
      for (const { open, receipt } of settled) update.run(receipt, open.letter.letterId)
    })
  }

  async replace({ letter: { letterId } }: OpenLetter, letter: DeadLetter): Promise<void> {
    await this.#target.inTransaction(database => void database.prepare('UPDATE letters SET letter = ? WHERE letter_id = ?').run(JSON.stringify(letter), letterId))
  }

  async lease(): Promise<Lease> {
    const holder = randomUUID()
    const take = () =>
      this.#target.inTransaction(database => {
        const now = Date.now()
        const { changes } = database
          .prepare(
            'INSERT INTO lease (only, holder, until) VALUES (1, ?, ?) ON CONFLICT (only) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE holder = excluded.holder OR until < ?',
          )
          .run(holder, now + LEASE_MS, now)
        if (changes === 0)
          throw new DeadLetterError('redrive-running', 'Another redrive of this database is running, or ended without a word less than a minute ago.', { retriable: true })
      })
    const release = (database: DatabaseSync) => void database.prepare('DELETE FROM lease WHERE holder = ?').run(holder)
    await take()
    return { renew: take, release: () => this.#target.inTransaction(release) }
  }

  close(): Promise<void> {
    return this.#target.close()
  }
}
