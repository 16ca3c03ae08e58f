// Reads JSON text of anybody: what it says, where its parts lie, and its faults.
import { randomUUID } from 'node:crypto'
import { isContainer, MAX_DEPTH, parseJson } from './json-object.ts'
import { type JsonOutline, type JsonShape, outlineJson, type TextSpan } from './json-outline.ts'

export interface JsonReading {
  readonly parsed: unknown
  readonly outline: JsonOutline
}

/** What can't be in a name without an escape. */
const NEEDS_ESCAPE = /["\\\p{Cc}]/u

/** @returns undefined for text that is not JSON */
export function readJson(text: string, shape: JsonShape): JsonReading | undefined {
  const parsed = parseJson(text)
  if (parsed === undefined) return undefined
  const { root, escapedNames } = outlineJson(text, shape, MAX_DEPTH)
  return { parsed: escapedNames.length === 0 ? parsed : parseRespelled(text, escapedNames), outline: root }
}

/**
 * Parses the text with every escaped name spelled without an escape. V8's JSON.parse can take an escaped name for a
 * name of an object that it parsed earlier (github.com/nodejs/node/issues/63785): what `{"\u0061": 1}` says would
 * depend on what others sent before.
 */
function parseRespelled(text: string, escapedNames: readonly TextSpan[]): unknown {
  const unguessable = randomUUID()
  const standIns = new Map<string, string>()
  const parts: string[] = []
  let from = 0
  for (const { start, end } of escapedNames) {
    const name: string = JSON.parse(text.slice(start, end))
    const isPlain = !NEEDS_ESCAPE.test(name)
    const spelling = isPlain ? name : `${unguessable}${standIns.size}`
    if (!isPlain) standIns.set(spelling, name)
    parts.push(text.slice(from, start), '"', spelling, '"')
    from = end
  }
  const parsed: unknown = JSON.parse(parts.join('') + text.slice(from))
  if (standIns.size > 0) rename(parsed, standIns)
  return parsed
}

/** Gives fields their names, in the order of the text, at any depth. */
function rename(root: unknown, names: ReadonlyMap<string, string>): void {
  const containers = [root].filter(isContainer)
  for (let container = containers.pop(); container !== undefined; container = containers.pop())
    for (const [standIn, value] of Object.entries(container)) {
      if (isContainer(value)) containers.push(value)
      const name = names.get(standIn)
      if (name === undefined) continue
      delete container[standIn]
      container[name] = value
    }
}
