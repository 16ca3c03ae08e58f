import { readFileSync, writeFileSync } from 'node:fs'

/** Where other commands find the running stack. */
export const STACK_FILE = '.local/stack.json'

/** Adds the console, which starts last. */
export function noteConsole(consoleUrl: string): void {
  writeFileSync(STACK_FILE, JSON.stringify({ ...JSON.parse(readFileSync(STACK_FILE, 'utf8')), consoleUrl }))
}
