import { readFileSync, writeFileSync } from 'node:fs'

/** Other commands find the running stack through this file. */
export const STACK_FILE = '.local/stack.json'

/** Adds the URL of the console, which starts last. */
export function addConsoleUrl(consoleUrl: string): void {
  writeFileSync(STACK_FILE, JSON.stringify({ ...JSON.parse(readFileSync(STACK_FILE, 'utf8')), consoleUrl }))
}
