// Resolves Spring's placeholders: ${NAME}, ${NAME:default}, nested ones, and ${random.uuid}.
import { randomUUID } from 'node:crypto'

/** The longest chain of values that refer to one another; stops circular references. */
const MAX_DEPTH = 20
/** The most placeholders per value. Without a limit, values that repeat others would double in length at each level. */
const MAX_PLACEHOLDERS = 1000

/** A placeholder that can't be resolved; the message says what was expected. */
export class UnresolvedPlaceholder extends Error {}

/**
 * @param lookUp a property's value, from the environment or from the file
 * @throws UnresolvedPlaceholder
 */
export function resolvePlaceholders(text: string, lookUp: (name: string) => string | undefined): string {
  let count = 0
  const resolve = (part: string, depth: number): string => {
    const begin = part.indexOf('${')
    const end = begin < 0 ? -1 : closingBrace(part, begin + 2)
    if (end < 0) return part
    if (++count > MAX_PLACEHOLDERS)
      throw new UnresolvedPlaceholder(`expected at most ${MAX_PLACEHOLDERS} placeholders in its value, got more.`)
    const inner = part.slice(begin + 2, end)
    const colon = inner.indexOf(':')
    // The name of a placeholder may start with a nested one, which then contains the first colon.
    const isNested = inner.startsWith('${')
    const name = isNested || colon < 0 ? resolve(inner, depth + 1) : inner.slice(0, colon)
    const value = lookUp(name) ?? (isNested || colon < 0 ? undefined : inner.slice(colon + 1))
    if (value === undefined || depth > MAX_DEPTH)
      throw new UnresolvedPlaceholder(`expected \${${name}} in the environment or the file, got none.`)
    const rest = resolve(part.slice(end + 1), depth)
    return part.slice(0, begin) + resolve(value, depth + 1) + rest
  }
  return resolve(text, 0)
}

/** Counts every brace, as Spring does: `${A:{x}}` has the default `{x}`. */
function closingBrace(text: string, from: number): number {
  let open = 1
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') open++
    else if (text[at] === '}' && --open === 0) return at
  }
  return -1
}

/**
 * Returns a lookup of property values: first the environment (the property's name, then its variable's), then the file.
 */
export function lookUpIn(
  properties: readonly (readonly [name: string, value: unknown])[],
  env: NodeJS.ProcessEnv,
): (name: string) => string | undefined {
  return name => {
    // Own properties only: `constructor` is not a variable of the caller's object.
    const fromEnv = [name, environmentName(name)].find(one => Object.hasOwn(env, one) && env[one] !== undefined)
    if (fromEnv === undefined && name === 'random.uuid') return randomUUID()
    const value = fromEnv === undefined ? properties.findLast(([other]) => other === name)?.[1] : env[fromEnv]
    return value === undefined || value === null ? undefined : String(value)
  }
}

/** The environment variable of a property, as Spring derives it: dots become underscores, dashes are removed. */
export function environmentName(property: string): string {
  return property
    .replaceAll('-', '')
    .replaceAll(/[^A-Za-z0-9]/g, '_')
    .toUpperCase()
}
