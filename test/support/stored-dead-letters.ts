// Places on disk with dead letters, and the command to run on them.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { DiskDeadLetterTarget } from '../../lib/dead-letter/disk/target.ts'
import { runCommand } from './command.ts'

/** A folder that is removed after the tests of the file. */
export const folder = mkdtempSync(join(tmpdir(), 'command-'))
after(() => rmSync(folder, { recursive: true }))
let places = 0

/** A new folder with these dead letters. */
export async function placeOf(deadLetters: readonly DeadLetter[]): Promise<string> {
  const place = join(folder, `place-${places++}`)
  const target = new DiskDeadLetterTarget(place)
  for (let at = 0; at < deadLetters.length; at += 1000) await target.store(deadLetters.slice(at, at + 1000))
  await target.close()
  return place
}

/** No broker answers there. */
export const environmentOf = (...places: readonly string[]) => ({
  KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9,127.0.0.1:10',
  KAFKA_DEAD_LETTER: places.map(place => `disk:${place}`).join(),
})

export const AWS = { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-east-1' }

/** Returns a function that runs the command on these places. */
export const inPlace =
  (...places: readonly string[]) =>
  (args: string, input = '') =>
    runCommand(args.split(' '), environmentOf(...places), { input })

export const linesOf = (text: string) => text.trim().split('\n')

/** The record ids that `list --json` or `export` printed. */
export const idsIn = (stdout: string) =>
  stdout === '' ? [] : linesOf(stdout).map(line => (JSON.parse(line) as { recordId: string }).recordId)

export const parked = (deadLetter: DeadLetter): DeadLetter => ({
  ...deadLetter,
  redrive: { count: 5, lastAt: new Date().toISOString(), lastCode: 'record-too-large' },
})
