// The lease of a redrive: one row. A request to stop names the holder that it is for.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { DatabaseSync } from 'node:sqlite'
import { sleep, systemClock } from '../../time/clock.ts'
import {
  LEASE_MS,
  type Lease,
  type LeaseWait,
  leaseWaitText,
  redriveRunning,
  type StopRequest,
  stopRequested,
} from '../dead-letter-store.ts'
import type { SqliteDeadLetterTarget } from './target.ts'

/** How long a lease is watched, ms; its holder renews it a few times within this time. */
const WATCH_MS = LEASE_MS

const POLL_MS = 1000

type Transactions = Pick<SqliteDeadLetterTarget, 'inTransaction'>

/** @throws DeadLetterError `redrive-running` while another redrive holds it */
export async function takeLease(target: Transactions, wait: LeaseWait = {}, watchMs = WATCH_MS): Promise<Lease> {
  const lease = new SqliteLease(target)
  await lease.take(wait, watchMs)
  return lease
}

class SqliteLease implements Lease {
  readonly #target: Transactions
  readonly #holder = `${randomUUID()}@${hostname()}`

  constructor(target: Transactions) {
    this.#target = target
  }

  /**
   * Renews the lease only when half its time is over: writing the row for each batch would take as long as the batch’s
   * notes.
   */
  check(): Promise<void> {
    return this.#target.inTransaction(database => {
      const now = Date.now()
      const own = database.prepare('SELECT 1 FROM lease WHERE holder = ? AND until BETWEEN ? AND ?')
      if (!own.get(this.#holder, now + LEASE_MS / 2, now + LEASE_MS)) this.#keep(database)
      if (database.prepare('SELECT 1 FROM stop_requests WHERE holder = ?').get(this.#holder)) throw stopRequested()
    })
  }

  renew(): Promise<void> {
    return this.#target.inTransaction(database => this.#keep(database))
  }

  release(): Promise<void> {
    return this.#target.inTransaction(database => {
      database.prepare('DELETE FROM lease WHERE holder = ?').run(this.#holder)
      database.prepare('DELETE FROM stop_requests WHERE holder = ?').run(this.#holder)
    })
  }

  /**
   * Takes a lease that has expired by the local clock. Clocks of machines differ, so a lease of another machine counts
   * as expired only if nobody renews it while it is watched.
   */
  async take(wait: LeaseWait, watchMs: number): Promise<void> {
    const ended = await this.#takeEnded()
    if (!ended) return
    wait.onWait?.(leaseWaitText('database'))
    await watch(wait, watchMs)
    await this.#target.inTransaction(database => {
      const { changes } = database
        .prepare('UPDATE lease SET holder = ?, until = ? WHERE holder = ? AND until = ?')
        .run(this.#holder, Date.now() + LEASE_MS, ended.holder, ended.until)
      if (changes === 0) throw redriveRunning('database')
    })
  }

  /** @returns the lease of another machine, which has to be watched */
  async #takeEnded(): Promise<Row | undefined> {
    let watched: Row | undefined
    await this.#target.inTransaction(database => {
      const now = Date.now()
      const row = database.prepare('SELECT holder, until FROM lease').get() as Row | undefined
      // A lease that ends later than any valid one was taken before the clock was set back.
      if (row && row.until >= now && row.until <= now + 2 * LEASE_MS) throw redriveRunning('database')
      watched = row && isOfOtherMachine(row.holder) ? row : undefined
      if (!watched)
        database
          .prepare('INSERT OR REPLACE INTO lease (only, holder, until) VALUES (1, ?, ?)')
          .run(this.#holder, now + LEASE_MS)
    })
    return watched
  }

  /** The condition has no time: a lease that another redrive has taken is never taken back. */
  #keep(database: DatabaseSync): void {
    const { changes } = database
      .prepare('UPDATE lease SET until = ? WHERE holder = ?')
      .run(Date.now() + LEASE_MS, this.#holder)
    if (changes === 0) throw redriveRunning('database')
  }
}

async function watch({ mayGoOn = () => true }: LeaseWait, watchMs: number): Promise<void> {
  const until = systemClock.now() + watchMs
  for (let left = watchMs; left > 0; left = until - systemClock.now()) {
    if (!mayGoOn()) throw redriveRunning('database')
    await sleep(systemClock, Math.min(POLL_MS, left))
  }
}

interface Row {
  readonly holder: string
  readonly until: number
}

/** Leases of earlier releases do not name their machine; for them the local clock decides. */
function isOfOtherMachine(holder: string): boolean {
  return holder.includes('@') && !holder.endsWith(`@${hostname()}`)
}

/** Asks the holder of the lease to stop. */
export async function requestStop(target: Transactions): Promise<StopRequest> {
  let isRunning = false
  await target.inTransaction(database => {
    const now = Date.now()
    const row = database.prepare('SELECT holder, until FROM lease').get() as Row | undefined
    if (row && ((row.until >= now && row.until <= now + 2 * LEASE_MS) || isOfOtherMachine(row.holder)))
      database.prepare('INSERT OR IGNORE INTO stop_requests (holder) VALUES (?)').run(row.holder)
    const request = database.prepare('SELECT 1 FROM stop_requests WHERE holder IN (SELECT holder FROM lease)').get()
    isRunning = request !== undefined
    // Removes requests for holders that no longer hold the lease.
    database.exec('DELETE FROM stop_requests WHERE holder NOT IN (SELECT holder FROM lease)')
  })
  return isRunning ? 'requested' : 'not-running'
}
