// How the command ends: its exit status, the signals that stop it, and a closed pipe behind its output.
import { setTimeout } from 'node:timers/promises'
import { CommanderError } from 'commander'
import { ConfigError, DeadLetterError } from '../lib/errors.ts'
import { flushed, printMessage } from './output.ts'

/** The exit statuses, for the help texts. */
export const EXIT_STATUS = '0 everything done, 1 something failed or remains, 2 wrong use, 130 Ctrl-C, 143 SIGTERM.'

/** Exit status if some work is left. 0 means that everything was done; a signal gives 128 + its number. */
export const SOME_REMAIN = 1
const WRONG_USE = 2
const INTERRUPTED = 130
const TERMINATED = 143
/** Milliseconds for work to release what it holds, e.g. a lease, after the signal to stop. */
export const GRACE_MS = 2000

/** The command was called in a way that can't work. Exit status 2. */
export class WrongUse extends Error {
  override name = 'WrongUse'
}

const stopping = new AbortController()
let stoppedWith: number | undefined
/** Why the output could not be written, e.g. ENOSPC. */
let outputError: NodeJS.ErrnoException | undefined

/** Aborted on Ctrl-C, SIGTERM, and when the output can't be written any more, so that a command releases its lease. */
export const stopSignal: AbortSignal = stopping.signal

export function listenToSignals(): void {
  const stop = (status: number | undefined) => {
    // A second signal ends the process at once.
    if (stopping.signal.aborted && status !== undefined) process.exit(status)
    stoppedWith ??= status
    stopping.abort()
  }
  process.on('SIGINT', () => stop(INTERRUPTED))
  process.on('SIGTERM', () => stop(TERMINATED))
  // `…
  // head` closes the pipe when it has enough. An error of the output, e.g. of a full disk, must not end the process
  // between an acknowledgement and the end of its dead letter.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') outputError ??= error
    stop(undefined)
  })
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    outputError ??= error
    stop(undefined)
  })
}

let progressSoFar: (() => string) | undefined

/**
 * Sets what to print if a signal ends the command, e.g. how far it came. Nothing is printed if a closed pipe ends it.
 */
export function onInterruption(progress: () => string): void {
  progressSoFar = progress
}

/**
 * Waits for work that changes nothing, or that can stop at any point. After the signal to stop, the work has a moment
 * to release what it holds.
 * @returns undefined if the work did not end by then
 */
export async function unlessStopped<T>(work: Promise<T>, graceMs = GRACE_MS): Promise<T | undefined> {
  const over = new AbortController()
  const stopped = new Promise<void>(resolve => {
    if (stopSignal.aborted) resolve()
    stopSignal.addEventListener('abort', () => resolve(), { once: true, signal: over.signal })
  })
  const grace = stopped.then(() => setTimeout(graceMs, undefined, { signal: over.signal })).catch(() => undefined)
  try {
    return await Promise.race([work, grace])
  } finally {
    over.abort()
  }
}

/** Wraps the action of a subcommand in `unlessStopped`. */
export function stoppable<A extends unknown[]>(action: (...args: A) => Promise<void>): (...args: A) => Promise<void> {
  return (...args) => unlessStopped(action(...args))
}

/** Runs the command, then ends the process without waiting for open sockets of AWS clients and Kafka connections. */
export async function runToExit(run: () => Promise<unknown>): Promise<never> {
  try {
    await run()
  } catch (error) {
    process.exitCode = statusOf(error)
    const message = messageOf(error)
    if (message !== undefined) printMessage(message)
  }
  if (stoppedWith !== undefined) {
    process.exitCode = stoppedWith
    if (progressSoFar) printMessage(progressSoFar())
  }
  await flushed()
  if (outputError) {
    process.exitCode ||= SOME_REMAIN
    printMessage(`The output is incomplete: it could not be written (${outputError.code}).`)
    await flushed()
  }
  process.exit()
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USE
  if (error instanceof WrongUse || error instanceof ConfigError) return WRONG_USE
  return error instanceof DeadLetterError && error.code === 'not-found' ? WRONG_USE : 1
}

function messageOf(error: unknown): string | undefined {
  // Commander has printed its own message.
  if (error instanceof CommanderError) return undefined
  return error instanceof Error ? error.message : String(error)
}
