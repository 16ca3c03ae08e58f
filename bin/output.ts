// What the command prints: tables on standard output for people, JSON for scripts, words on standard error.

export function tell(text: string): void {
  process.stderr.write(`${inert(text)}\n`)
}

/** @param rows of equal length; the first is the head */
export function table(rows: readonly (readonly (string | number | null)[])[]): void {
  const cells = rows.map(row => row.map(cell => inert(String(cell ?? ''))))
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)))
  for (const row of cells)
    process.stdout.write(
      `${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] as number))).join('  ')}\n`,
    )
}

export function json(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** Keys, headers and errors come from strangers: what would move a terminal's cursor or colour it is shown by its code. */
function inert(text: string): string {
  return text.replaceAll(
    /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    char => `\\u${(char.codePointAt(0) as number).toString(16).padStart(4, '0')}`,
  )
}

/** Bytes as text where they are text, else base64. */
export function shown(base64: string | null): string {
  if (base64 === null) return '(null)'
  const bytes = Buffer.from(base64, 'base64')
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) ? text : `base64:${base64}`
}

const BAR = 30
const LINE_MS = 5000

/** A bar on a terminal, a line every five seconds elsewhere. @param total undefined where it is not known */
export function progress(
  total: number | undefined,
  isTerminal = process.stderr.isTTY === true,
): { update(done: number, words: string): void; end(): void } {
  let last = 0
  return {
    update: (done, words) => {
      if (!isTerminal) {
        if (Date.now() - last < LINE_MS) return
        last = Date.now()
        tell(`${done}${total === undefined ? '' : ` of ${total}`}: ${words}`)
        return
      }
      const filled = total ? Math.round((Math.min(done, total) / total) * BAR) : 0
      const bar =
        total === undefined ? `${done}` : `[${'#'.repeat(filled)}${' '.repeat(BAR - filled)}] ${done} of ${total}`
      process.stderr.write(`\r\x1b[2K${bar} ${inert(words)}`)
    },
    end: () => {
      if (isTerminal) process.stderr.write('\r\x1b[2K')
    },
  }
}
