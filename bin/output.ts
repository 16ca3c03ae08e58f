// Writes the command's output: tables on standard output for people, JSON for scripts, messages on standard error.
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { InvalidRecordError, type KafkaProducerError } from '../lib/errors.ts'

type Cell = string | number | null

export function printMessage(text: string): void {
  process.stderr.write(`${inert(text)}\n`)
}

/** After this many characters, printing pauses to let signals and a closed pipe be noticed. */
const YIELD_AFTER_CHARS = 65_536
let printed = 0

/** Writes to standard output and waits if its reader is slower, so that memory does not grow with the output. */
export async function print(text: string): Promise<void> {
  printed += text.length
  if (printed >= YIELD_AFTER_CHARS) {
    printed = 0
    await setImmediate()
  }
  if (process.stdout.write(text) || process.stdout.errored) return
  // Without a reader, 'drain' never comes; the error of the closed pipe ends the wait.
  await once(process.stdout, 'drain').catch(() => undefined)
}

/** Prints text from elsewhere, such as a schema of a registry, line by line. */
export async function printLines(lines: readonly string[]): Promise<void> {
  await print(lines.map(each => `${inert(each)}\n`).join(''))
}

/**
 * Prints a table.
 * @param rows of equal length; the last column is not padded
 */
export function printTable(rows: readonly (readonly Cell[])[]): void {
  const cells = rows.map(row => row.map(cell => inert(String(cell ?? ''))))
  const widths = cells.reduce<number[]>(
    (widest, row) => row.map((cell, column) => Math.max(widest[column] ?? 0, cell.length)),
    [],
  )
  for (const row of cells) process.stdout.write(line(row, widths))
}

/** Formats one line of a table that is printed row by row. A cell wider than its column moves the cells after it. */
export function fixedRow(cells: readonly Cell[], widths: readonly number[]): string {
  return line(
    cells.map(cell => inert(String(cell ?? '')).replaceAll('\n', '\\n')),
    widths,
  )
}

function line(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
  return `${padded.join('  ')}\n`
}

export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

export function printJson(value: unknown): void {
  process.stdout.write(jsonLine(value))
}

/** Resolves once everything that was printed has left the process; a pipe takes the output in parts. */
export async function flushed(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(flush))
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise(resolve => {
    if (stream.errored || stream.destroyed) resolve()
    else stream.write('', () => resolve())
  })
}

/**
 * Escapes control characters. Keys, headers and errors come from untrusted input and must not move a terminal's cursor
 * or change its colours.
 */
function inert(text: string): string {
  return text.replaceAll(
    /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    char => `\\u${(char.codePointAt(0) as number).toString(16).padStart(4, '0')}`,
  )
}

/** @returns text if the bytes are valid UTF-8, else the base64 as it is */
export function textOrBase64(base64: string | null): string {
  if (base64 === null) return '(null)'
  const bytes = Buffer.from(base64, 'base64')
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) ? text : `base64:${base64}`
}

/** @returns a line per violation, each preceded by a line break; empty if the error has no violations */
export function violationLines(error: KafkaProducerError): string {
  if (!(error instanceof InvalidRecordError)) return ''
  const lines = error.violations.map(({ pointer, expected }) => `\n- ${pointer || 'the root'}: expected ${expected}`)
  return [...lines, ...(error.truncated ? ['\n- and more'] : [])].join('')
}

/** @returns e.g. `1 record`, `2 records` */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`
}

/** @returns e.g. `45 s`, `12 min`, `3 h`, `5 d` */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`
}

const BAR = 30
const LINE_MS = 5000

/**
 * Shows progress: a bar on a terminal, elsewhere a line every five seconds; with the rate and, if the total is known,
 * the time left.
 * @param total undefined if it is unknown
 */
export function progress(
  total: number | undefined,
  isTerminal = process.stderr.isTTY === true,
  now: () => number = () => performance.now(),
): { update(done: number, text: string): void; end(): void } {
  const begin = now()
  let last = begin
  const speed = (done: number) => {
    const ms = now() - begin
    if (ms < 1000 || done === 0) return ''
    const timeLeft = total === undefined || done > total ? '' : `, ${duration(((total - done) * ms) / done)} left`
    return `, ${Math.round((done * 1000) / ms)}/s${timeLeft}`
  }
  return {
    update: (done, text) => {
      const isWithin = total !== undefined && done <= total
      const words = `${inert(text)}${speed(done)}`
      if (!isTerminal) {
        if (now() - last < LINE_MS) return
        last = now()
        printMessage(`${done}${isWithin ? ` of ${total}` : ''}: ${words}`)
        return
      }
      const filled = total ? Math.round((Math.min(done, total) / total) * BAR) : 0
      const bar = isWithin ? `[${'#'.repeat(filled)}${' '.repeat(BAR - filled)}] ${done} of ${total}` : `${done}`
      process.stderr.write(`\r\x1b[2K${bar} ${words}`)
    },
    end: () => {
      if (isTerminal) process.stderr.write('\r\x1b[2K')
    },
  }
}
