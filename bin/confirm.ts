import { createInterface } from 'node:readline/promises'
import { stopSignal, WrongUse } from './exit.ts'

/**
 * Checks that there is a terminal to ask on.
 * @param options the options that make a confirmation unnecessary, for the message
 * @throws WrongUse
 */
export function requireTerminal(options: string): void {
  if (!process.stdin.isTTY) throw new WrongUse(`There is no terminal to confirm on. Add ${options}.`)
}

/** Asks on the terminal. Any answer but yes means no. */
export async function confirmed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // The terminal is in raw mode, where Ctrl-C is a key and sends no signal.
  terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const closed = new Promise<string>(resolve => terminal.once('close', () => resolve('')))
  const answer = terminal.question(`${question} [y/N] `, { signal: stopSignal }).catch(() => '')
  const text = await Promise.race([answer, closed])
  terminal.close()
  return /^y(es)?$/i.test(text.trim())
}
