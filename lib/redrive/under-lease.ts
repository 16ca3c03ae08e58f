// Runs work that changes the dead letters of a target under its lease, so that only one process does so at a time.
import type { DeadLetterStore, Lease, LeaseWait } from '../dead-letter/dead-letter-store.ts'

const RENEW_MS = 15_000

/**
 * Takes the lease of a store, renews it while `work` runs, and releases it.
 * @throws DeadLetterError `redrive-running` while another process holds it
 */
export async function underLease<T>(
  store: DeadLetterStore,
  wait: LeaseWait,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  const lease = await store.lease(wait)
  // A failed renewal is ignored here, because `check` detects a lost lease before the next change.
  const timer = setInterval(() => lease.renew().catch(() => undefined), RENEW_MS)
  try {
    return await work(lease)
  } finally {
    clearInterval(timer)
    await lease.release().catch(() => undefined)
  }
}
