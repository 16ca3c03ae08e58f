// Makes completed dead letters of a target old enough to be removed.
import { existsSync, readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const DAYS_AGO = new Date(Date.now() - 3 * 24 * 3_600_000)

export async function age(setting: string): Promise<void> {
  const [kind, place = ''] = [setting.slice(0, setting.indexOf(':')), setting.slice(setting.indexOf(':') + 1)]
  if (!existsSync(place)) return
  if (kind === 'disk')
    for (const name of readdirSync(place)) if (name.includes('.seg')) utimesSync(join(place, name), DAYS_AGO, DAYS_AGO)
  if (kind !== 'sqlite') return
  const database = new DatabaseSync(place, { timeout: 5000 })
  database.prepare('UPDATE letters SET closed_at = ? WHERE closed IS NOT NULL').run(DAYS_AGO.getTime())
  database.close()
}
