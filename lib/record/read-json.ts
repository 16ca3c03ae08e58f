// Reads untrusted JSON text: its value, where its parts are, and its faults.
import { randomBytes } from 'node:crypto'
import { isContainer, MAX_DEPTH, parseJson } from './json-object.ts'
import { type JsonOutline, type JsonShape, outlineJson, type TextSpan } from './json-outline.ts'

export interface JsonReading {
  readonly parsed: unknown
  readonly outline: JsonOutline
}

/** @returns undefined for text that is not JSON */
export function readJson(text: string, shape: JsonShape): JsonReading | undefined {
  const parsed = parseJson(text)
  if (parsed === undefined) return undefined
  const { root, escapedNames } = outlineJson(text, shape, MAX_DEPTH)
  return { parsed: escapedNames.length === 0 ? parsed : parseRespelled(text, escapedNames), outline: root }
}

/**
 * Parses the text with every escaped name rewritten without an escape. V8's JSON.parse can confuse an escaped name with
 * a name of an object that it parsed earlier (github.com/nodejs/node/issues/63785): the value of `{"\u0061": 1}` would
 * depend on what others sent before.
 */
function parseRespelled(text: string, escapedNames: readonly TextSpan[]): unknown {
  const unguessable = randomBytes(6).toString('base64url')
  /** Stand-ins for names that can't be written without an escape. */
  const standIns = new Map<string, string>()
  const parts: string[] = []
  let from = 0
  for (const { start, end } of escapedNames) {
    const name: string = JSON.parse(text.slice(start, end))
    let spelling = name
    if (needsEscape(name)) {
      spelling = standIns.get(name) ?? `${unguessable}${standIns.size}`
      standIns.set(name, spelling)
    }
    parts.push(text.slice(from, start), '"', spelling, '"')
    from = end
  }
  const parsed: unknown = JSON.parse(parts.join('') + text.slice(from))
  if (standIns.size === 0) return parsed
  return renamed(parsed, new Map([...standIns].map(([name, standIn]) => [standIn, name])), MAX_DEPTH * 2)
}

/** Quotes, backslashes, and control characters up to U+001F need an escape (RFC 8259, section 7). */
function needsEscape(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at)
    if (code < 0x20 || code === 0x22 || code === 0x5c) return true
  }
  return false
}

/**
 * Replaces stand-ins by their names, in the order of the text. A value that is nested too deeply is refused later, so
 * it stays as it is.
 */
function renamed(value: unknown, names: ReadonlyMap<string, string>, levels: number): unknown {
  if (!isContainer(value) || levels === 0) return value
  for (const name of Object.keys(value)) value[name] = renamed(value[name], names, levels - 1)
  if (Array.isArray(value) || !Object.keys(value).some(name => names.has(name))) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [names.get(name) ?? name, field]))
}
