// Spring's placeholders: ${NAME}, ${NAME:default}, also within one another.
/** A chain of values that name one another ends here. */
const MAX_DEPTH = 20

export class UnresolvedPlaceholder extends Error {}

/**
 * @param lookUp a property's value, from the environment or from the file
 * @throws UnresolvedPlaceholder with its name
 */
export function resolvePlaceholders(text: string, lookUp: (name: string) => string | undefined, depth = 0): string {
  const begin = text.indexOf('${')
  const end = begin < 0 ? -1 : closingBrace(text, begin + 2)
  if (end < 0) return text
  const inner = text.slice(begin + 2, end)
  const colon = inner.indexOf(':')
  // The name of a placeholder may itself have one: then its first colon is that one's.
  const isNested = inner.startsWith('${')
  const name = isNested || colon < 0 ? resolvePlaceholders(inner, lookUp, depth + 1) : inner.slice(0, colon)
  const value = lookUp(name) ?? (isNested || colon < 0 ? undefined : inner.slice(colon + 1))
  if (value === undefined || depth > MAX_DEPTH) throw new UnresolvedPlaceholder(name)
  const rest = resolvePlaceholders(text.slice(end + 1), lookUp, depth)
  return text.slice(0, begin) + resolvePlaceholders(value, lookUp, depth + 1) + rest
}

function closingBrace(text: string, from: number): number {
  let open = 1
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('${', at)) open++
    else if (text[at] === '}' && --open === 0) return at
  }
  return -1
}

/** As Spring reads a property's name from the environment: dots become underscores, dashes go. */
export function environmentName(property: string): string {
  return property
    .replaceAll('-', '')
    .replaceAll(/[^A-Za-z0-9]/g, '_')
    .toUpperCase()
}
