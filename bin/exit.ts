// How the command ends: its exit status, the signals that stop it, and a reader of its output that goes away.
import { CommanderError } from 'commander'
import { ConfigError, DeadLetterError } from '../lib/errors.ts'
import { flushed, printMessage } from './output.ts'

/** Exit statuses beside 0, everything done, and 128 + the number of a signal. */
export const SOME_REMAIN = 1
const WRONG_USE = 2
const INTERRUPTED = 130
const TERMINATED = 143

/** The command was called in a way that can't work: exit status 2. */
export class WrongUse extends Error {
  override name = 'WrongUse'
}

const stopping = new AbortController()
let stoppedWith: number | undefined

/** Aborted by Ctrl-C, by SIGTERM, and when nobody reads the output any more: a command then releases its lease. */
export const stopSignal: AbortSignal = stopping.signal

export function listenToSignals(): void {
  const stop = (status: number | undefined) => {
    // A second signal does not wait for what the first one ends.
    if (stopping.signal.aborted && status !== undefined) process.exit(status)
    stoppedWith ??= status
    stopping.abort()
  }
  process.on('SIGINT', () => stop(INTERRUPTED))
  process.on('SIGTERM', () => stop(TERMINATED))
  // `… | head` closes the pipe when it has enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    stop(undefined)
  })
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

/** Runs the command, then ends the process without waiting for the sockets of AWS clients and Kafka connections. */
export async function runToExit(run: () => Promise<unknown>): Promise<never> {
  try {
    await run()
  } catch (error) {
    process.exitCode = statusOf(error)
    const message = messageOf(error)
    if (message !== undefined) printMessage(message)
  }
  if (stoppedWith !== undefined) process.exitCode = stoppedWith
  await flushed()
  process.exit()
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USE
  if (error instanceof WrongUse || error instanceof ConfigError) return WRONG_USE
  return error instanceof DeadLetterError && error.code === 'not-found' ? WRONG_USE : 1
}

function messageOf(error: unknown): string | undefined {
  // Commander has printed its own.
  if (error instanceof CommanderError) return undefined
  return error instanceof Error ? error.message : String(error)
}
