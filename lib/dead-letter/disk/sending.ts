// The file in a folder target that lists the dead letters which a redrive is sending.
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SendingPlace } from '../dead-letter-store.ts'
import { ifMissing, writeDurably } from './segment.ts'
import { diskError } from './segment-appender.ts'

const FILE = 'redrive.sending'

export function sendingFile(folder: string): SendingPlace {
  const path = join(folder, FILE)
  const failed = (cause: unknown): never => {
    throw diskError('The redrive can’t write to disk which dead letters it is sending, so it sends nothing', cause)
  }
  return {
    read: () => readFile(path, 'utf8').catch(ifMissing).catch(failed),
    write: text => writeDurably(path, text).catch(failed),
    remove: () => rm(path, { force: true }).catch(failed),
  }
}
