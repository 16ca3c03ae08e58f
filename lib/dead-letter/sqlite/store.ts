// The open dead letters of a SQLite database, oldest first. Completed rows stay, with the location of their record.
import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { DeadLetter } from '../dead-letter.ts'
import {
  type Completed,
  LEASE_MS,
  type Lease,
  type OpenDeadLetter,
  type ReadOptions,
  redriveRunning,
  type TargetDeadLetterStore,
} from '../dead-letter-store.ts'
import { readDeadLetter } from '../read-dead-letter.ts'
import type { DeadLetterTargetConfig } from '../target-kinds.ts'
import { SqliteDeadLetterTarget } from './target.ts'

const PAGE = 500

export function openStore({ file }: DeadLetterTargetConfig<'sqlite'>): SqliteDeadLetterStore {
  return new SqliteDeadLetterStore(file)
}

/** The handle is the id of the dead letter. */
type Handle = undefined

export class SqliteDeadLetterStore implements TargetDeadLetterStore<Handle> {
  readonly #target: SqliteDeadLetterTarget

  constructor(file: string) {
    this.#target = new SqliteDeadLetterTarget(file)
  }

  async *deadLetters(_options?: ReadOptions): AsyncGenerator<OpenDeadLetter<Handle>> {
    const database = await this.#target.open()
    const page = database.prepare(
      'SELECT rowid, letter_id, letter FROM letters WHERE closed IS NULL AND rowid > ? ORDER BY rowid LIMIT ?',
    )
    for (let last = 0; ; ) {
      const rows = page.all(last, PAGE) as { rowid: number; letter_id: string; letter: string }[]
      if (rows.length === 0) return
      for (const row of rows) {
        const deadLetter = readDeadLetter(row.letter)
        if (deadLetter)
          yield {
            deadLetter,
            location: `sqlite:${this.#target.file}#${row.letter_id}`,
            verified: deadLetter.claimCheck === null,
            handle: undefined,
          }
      }
      last = (rows.at(-1) as { rowid: number }).rowid
    }
  }

  async find(deadLetter: DeadLetter, location: string): Promise<OpenDeadLetter<Handle>> {
    return { deadLetter, location, verified: true, handle: undefined }
  }

  async complete(completed: readonly Completed<Handle>[]): Promise<void> {
    await this.#target.inTransaction(database => {
      const update = database.prepare('UPDATE letters SET closed = ? WHERE letter_id = ?')
      for (const { open, location } of completed) update.run(location, open.deadLetter.deadLetterId)
    })
  }

  async replace({ deadLetter: { deadLetterId } }: OpenDeadLetter, deadLetter: DeadLetter): Promise<void> {
    await this.#target.inTransaction(
      database =>
        void database
          .prepare('UPDATE letters SET letter = ? WHERE letter_id = ?')
          .run(JSON.stringify(deadLetter), deadLetterId),
    )
  }

  async reserve(): Promise<void> {}

  async tidy(): Promise<void> {}

  async lease(): Promise<Lease> {
    const holder = randomUUID()
    const take = () =>
      this.#target.inTransaction(database => {
        const now = Date.now()
        const { changes } = database
          .prepare(
            'INSERT INTO lease (only, holder, until) VALUES (1, ?, ?) ' +
              'ON CONFLICT (only) DO UPDATE SET holder = excluded.holder, until = excluded.until ' +
              'WHERE holder = excluded.holder OR until < ?',
          )
          .run(holder, now + LEASE_MS, now)
        if (changes === 0) throw redriveRunning('database')
      })
    const release = (database: DatabaseSync) => void database.prepare('DELETE FROM lease WHERE holder = ?').run(holder)
    await take()
    return { check: take, renew: take, release: () => this.#target.inTransaction(release) }
  }

  close(): Promise<void> {
    return this.#target.close()
  }
}
