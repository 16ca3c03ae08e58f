// Checks that a path names a SQLite database, so that a mistyped path never changes a device, a pipe or another file.
import { closeSync, fchmodSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DeadLetterError } from '../../errors.ts'
import { makeFolder } from '../make-folder.ts'

/** The first bytes of every database (sqlite.org/fileformat.html). */
const MAGIC = 'SQLite format 3\0'

/**
 * Whether the file is a database, or empty so that it may become one.
 * @throws DeadLetterError for anything else; changes nothing
 */
export function hasDatabase(file: string): boolean {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats === undefined) return false
  // Checked before opening, because opening a pipe blocks until its other end is open.
  if (!stats.isFile()) throw noDatabase(file)
  const descriptor = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(MAGIC.length)
    const length = readSync(descriptor, bytes)
    if (length > 0 && bytes.toString('latin1') !== MAGIC) throw noDatabase(file)
    return true
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Creates the file, readable only by this user, and restricts the mode of an existing one: SQLite and version 0.1 leave
 * the mode to the umask. The journal gets the mode of the database.
 * @throws DeadLetterError for anything but a database
 */
export async function createPrivately(file: string): Promise<void> {
  if (!hasDatabase(file)) await makeFolder(dirname(file))
  const descriptor = openSync(file, 'a', 0o600)
  try {
    const { mode, uid } = fstatSync(descriptor)
    if ((mode & 0o077) !== 0 && uid === process.getuid?.()) fchmodSync(descriptor, 0o600)
  } finally {
    closeSync(descriptor)
  }
}

function noDatabase(file: string): DeadLetterError {
  return new DeadLetterError(
    'dead-letter',
    `sqlite:${file}: expected a SQLite database or no file, got something else. Nothing was changed.`,
  )
}
