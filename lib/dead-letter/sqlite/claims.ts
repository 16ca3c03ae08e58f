// Claim-check values of a SQLite target: one row each in the table `claims`.
import type { Claim } from '../claim.ts'
import { hasDatabase } from './database-file.ts'
import { SqliteDeadLetterTarget, type SqliteTargetConfig } from './target.ts'

/** @returns undefined if the database has no such value of this size; nothing is created */
export async function readClaim({ file }: SqliteTargetConfig, claim: Claim): Promise<Uint8Array | undefined> {
  const { DatabaseSync } = await import('node:sqlite')
  if (!hasDatabase(file)) return undefined
  const database = new DatabaseSync(file, { readOnly: true, timeout: 2000 })
  try {
    const row = database
      .prepare('SELECT value FROM claims WHERE letter_id = ? AND length(value) = ?')
      .get(claim.deadLetterId, claim.bytes)
    return row?.value instanceof Uint8Array ? row.value : undefined
  } finally {
    database.close()
  }
}

export async function completeClaim({ file }: SqliteTargetConfig, deadLetterId: string): Promise<void> {
  const target = new SqliteDeadLetterTarget(file)
  try {
    await target.inTransaction(
      database =>
        void database
          .prepare('INSERT INTO completed_claims (letter_id, at) VALUES (?, ?) ON CONFLICT (letter_id) DO NOTHING')
          .run(deadLetterId, Date.now()),
    )
  } finally {
    await target.close()
  }
}
