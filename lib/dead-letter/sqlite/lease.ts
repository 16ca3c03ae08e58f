// The lease of a redrive: one row. Requests to stop name the holder that they are for.
import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { LEASE_MS, type Lease, redriveRunning, type StopRequest, stopRequested } from '../dead-letter-store.ts'
import type { SqliteDeadLetterTarget } from './target.ts'

type Transactions = Pick<SqliteDeadLetterTarget, 'inTransaction'>

/** @throws DeadLetterError `redrive-running` while another redrive has it */
export async function takeLease(target: Transactions): Promise<Lease> {
  const lease = new SqliteLease(target)
  await lease.renew()
  return lease
}

class SqliteLease implements Lease {
  readonly #target: Transactions
  readonly #holder = randomUUID()

  constructor(target: Transactions) {
    this.#target = target
  }

  /** Renews it only once half its time is over: a row per batch would take as long to write as the batch’s notes. */
  check(): Promise<void> {
    return this.#target.inTransaction(database => {
      const now = Date.now()
      const own = database.prepare('SELECT 1 FROM lease WHERE holder = ? AND until BETWEEN ? AND ?')
      if (!own.get(this.#holder, now + LEASE_MS / 2, now + LEASE_MS)) this.#take(database)
      if (database.prepare('SELECT 1 FROM stop_requests WHERE holder = ?').get(this.#holder)) throw stopRequested()
    })
  }

  renew(): Promise<void> {
    return this.#target.inTransaction(database => this.#take(database))
  }

  release(): Promise<void> {
    return this.#target.inTransaction(database => {
      database.prepare('DELETE FROM lease WHERE holder = ?').run(this.#holder)
      database.prepare('DELETE FROM stop_requests WHERE holder = ?').run(this.#holder)
    })
  }

  #take(database: DatabaseSync): void {
    const now = Date.now()
    // One that ends later than any can is of a clock that was set back since.
    const { changes } = database
      .prepare(
        'INSERT INTO lease (only, holder, until) VALUES (1, ?, ?) ' +
          'ON CONFLICT (only) DO UPDATE SET holder = excluded.holder, until = excluded.until ' +
          'WHERE holder = excluded.holder OR until < ? OR until > ?',
      )
      .run(this.#holder, now + LEASE_MS, now, now + 2 * LEASE_MS)
    if (changes === 0) throw redriveRunning('database')
  }
}

/** Asks the holder of the lease to stop. */
export async function requestStop(target: Transactions): Promise<StopRequest> {
  let isRunning = false
  await target.inTransaction(database => {
    const now = Date.now()
    const { changes } = database
      .prepare('INSERT OR IGNORE INTO stop_requests (holder) SELECT holder FROM lease WHERE until BETWEEN ? AND ?')
      .run(now, now + 2 * LEASE_MS)
    const request = database.prepare('SELECT 1 FROM stop_requests WHERE holder IN (SELECT holder FROM lease)').get()
    isRunning = changes > 0 || request !== undefined
    // What dead holders left behind.
    database.exec('DELETE FROM stop_requests WHERE holder NOT IN (SELECT holder FROM lease)')
  })
  return isRunning ? 'requested' : 'not-running'
}
