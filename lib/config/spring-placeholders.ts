// Spring's placeholders: ${NAME}, ${NAME:default}, also within one another, and ${random.uuid}.
import { randomUUID } from 'node:crypto'

/** A chain of values that name one another ends here. */
const MAX_DEPTH = 20
/** Per value: values that have others several times would double its length at each level. */
const MAX_PLACEHOLDERS = 1000

/** Its message says what was expected. */
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
    // The name of a placeholder may itself have one: then its first colon is that one's.
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

/** A property's value: from the environment, under its own name or that of its variable, else from the file. */
export function lookUpIn(
  properties: readonly (readonly [name: string, value: unknown])[],
  env: NodeJS.ProcessEnv,
): (name: string) => string | undefined {
  return name => {
    // An object of the caller's has names such as `constructor`, which are no variables.
    const fromEnv = [name, environmentName(name)].find(one => Object.hasOwn(env, one) && env[one] !== undefined)
    if (fromEnv === undefined && name === 'random.uuid') return randomUUID()
    const value = fromEnv === undefined ? properties.findLast(([other]) => other === name)?.[1] : env[fromEnv]
    return value === undefined || value === null ? undefined : String(value)
  }
}

/** As Spring reads a property's name from the environment: dots become underscores, dashes go. */
export function environmentName(property: string): string {
  return property
    .replaceAll('-', '')
    .replaceAll(/[^A-Za-z0-9]/g, '_')
    .toUpperCase()
}
