// A path may name anything by mistake: a device, a pipe, somebody's file. These stay as they are.
import { closeSync, fchmodSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DeadLetterError } from '../../errors.ts'
import { makeFolder } from '../make-folder.ts'

/** Every database begins with it (sqlite.org/fileformat.html). */
const MAGIC = 'SQLite format 3\0'

/**
 * Whether there is a database, or an empty file that may become one.
 * @throws DeadLetterError for anything else; changes nothing
 */
export function hasDatabase(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return false
  // Before it is opened: to open a pipe waits for its other end.
  if (!found.isFile()) throw noDatabase(file)
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
 * Creates the file, readable only by this user, and narrows the mode of an existing one: SQLite would leave it to the
 * umask, as 0.1 did. The journal gets the mode of the database.
 * @throws DeadLetterError for what is no database
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
