// The output of the command: tables on standard output for people, JSON for scripts, messages on standard error.

export function printMessage(text: string): void {
  process.stderr.write(`${inert(text)}\n`)
}

/** @param rows of equal length; the last column is not padded */
export function printTable(rows: readonly (readonly (string | number | null)[])[]): void {
  const cells = rows.map(row => row.map(cell => inert(String(cell ?? ''))))
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)))
  for (const row of cells) {
    const padded = row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] as number)))
    process.stdout.write(`${padded.join('  ')}\n`)
  }
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/**
 * Escapes control characters: keys, headers and errors come from untrusted input and must not move a terminal's cursor
 * or change its colours.
 */
function inert(text: string): string {
  return text.replaceAll(
    /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    char => `\\u${(char.codePointAt(0) as number).toString(16).padStart(4, '0')}`,
  )
}

/** @returns valid UTF-8 as text, other bytes as base64 */
export function textOrBase64(base64: string | null): string {
  if (base64 === null) return '(null)'
  const bytes = Buffer.from(base64, 'base64')
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) ? text : `base64:${base64}`
}

/** @returns e.g. `1 record`, `2 records` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

const BAR = 30
const LINE_MS = 5000

/**
 * Shows a bar on a terminal, and a line every five seconds elsewhere.
 * @param total undefined if it is unknown
 */
export function progress(
  total: number | undefined,
  isTerminal = process.stderr.isTTY === true,
): { update(done: number, text: string): void; end(): void } {
  let last = 0
  return {
    update: (done, text) => {
      if (!isTerminal) {
        if (Date.now() - last < LINE_MS) return
        last = Date.now()
        printMessage(`${done}${total === undefined ? '' : ` of ${total}`}: ${text}`)
        return
      }
      const filled = total ? Math.round((Math.min(done, total) / total) * BAR) : 0
      const bar =
        total === undefined ? `${done}` : `[${'#'.repeat(filled)}${' '.repeat(BAR - filled)}] ${done} of ${total}`
      process.stderr.write(`\r\x1b[2K${bar} ${inert(text)}`)
    },
    end: () => {
      if (isTerminal) process.stderr.write('\r\x1b[2K')
    },
  }
}
