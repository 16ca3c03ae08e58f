import { NumberText } from './json-text.ts'

export type JsonObject = Record<string, unknown>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Parses JSON.
 * @returns undefined for text that is not JSON; the parser's error is dropped because it quotes the text
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Deeper values would overflow the stack in a later stage. */
export const MAX_DEPTH = 100

/**
 * Whether arrays and objects are nested deeper than this. Without recursion, because values come from untrusted
 * senders.
 */
export function isDeeperThan(value: unknown, depth: number): boolean {
  let level = [value].filter(isContainer)
  for (let levels = 0; level.length > 0; levels++) {
    if (levels === depth) return true
    level = level.flatMap(container => Object.values(container).filter(isContainer))
  }
  return false
}

/** Whether a value has more items and properties in total than this. Stops counting at the first one too many. */
export function hasMoreEntriesThan(value: unknown, max: number): boolean {
  return countEntries(value, max) > max
}

/**
 * Counts the items and properties of all arrays and objects in a value.
 * @param enough stops counting as soon as there are more
 */
export function countEntries(value: unknown, enough = Number.POSITIVE_INFINITY): number {
  const containers = [value].filter(isContainer)
  let count = 0
  for (let container = containers.pop(); container !== undefined; container = containers.pop()) {
    if (Array.isArray(container) && count + container.length > enough) return count + container.length
    for (const name in container) {
      if (++count > enough) return count
      const entry = (container as JsonObject)[name]
      if (isContainer(entry)) containers.push(entry)
    }
  }
  return count
}

/**
 * Returns the text of a parsed JSON value of any depth, with every digit of its BigInts and NumberTexts.
 * `JSON.stringify` would overflow the stack at some thousand levels.
 */
export function deepJsonText(value: unknown): string {
  const texts: string[] = []
  const work: ({ readonly text: string } | { readonly value: unknown })[] = [{ value }]
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if ('text' in next) texts.push(next.text)
    else if (next.value instanceof NumberText) texts.push(next.value.text)
    else if (typeof next.value === 'bigint') texts.push(String(next.value))
    else if (isContainer(next.value)) for (const part of partsOf(next.value).reverse()) work.push(part)
    else texts.push(JSON.stringify(next.value) ?? 'null')
  }
  return texts.join('')
}

export function isContainer(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null
}

function partsOf(container: object): ({ readonly text: string } | { readonly value: unknown })[] {
  const isArray = Array.isArray(container)
  const parts = Object.entries(container).flatMap(([name, value], index) => [
    { text: `${index === 0 ? '' : ','}${isArray ? '' : `${JSON.stringify(name)}:`}` },
    { value },
  ])
  return [{ text: isArray ? '[' : '{' }, ...parts, { text: isArray ? ']' : '}' }]
}
