// Parses JSON without losing digits of its numbers.
import { randomBytes } from 'node:crypto'
import { isContainer } from '../record/json-object.ts'
import type { JsonShape } from '../record/json-outline.ts'
import { type JsonText, NumberText } from '../record/json-text.ts'
import { type JsonReading, readJson } from '../record/read-json.ts'
import { replaceInexactNumbers } from './written-numbers.ts'

const ANY: JsonShape = { isDepthRoot: true }

/**
 * Parses the text, with a NumberText in place of each number that a double can't hold.
 * @returns undefined for text that is not JSON
 */
export function parseExactly({ text, parsed }: JsonText): unknown {
  let mark = ''
  const marked = replaceInexactNumbers(text, number => {
    // Random, so that no text of the value can be taken for a marked number.
    mark ||= randomBytes(9).toString('base64url')
    return `"${mark}${number}"`
  })
  if (mark === '') return parsed === undefined ? readJson(text, ANY)?.parsed : parsed
  const reading: JsonReading | undefined = readJson(marked, ANY)
  return reading && withNumbers(reading.parsed, mark)
}

function withNumbers(value: unknown, mark: string): unknown {
  const root = { value }
  const open: Record<string, unknown>[] = [root]
  for (let container = open.pop(); container !== undefined; container = open.pop())
    for (const [name, entry] of Object.entries(container)) {
      if (typeof entry === 'string' && entry.startsWith(mark)) setOwn(container, name, entry.slice(mark.length))
      else if (isContainer(entry)) open.push(entry)
    }
  return root.value
}

/** A field `__proto__` must stay a field. */
function setOwn(container: object, name: string, number: string): void {
  const value = new NumberText(number)
  Object.defineProperty(container, name, { value, enumerable: true, writable: true, configurable: true })
}
