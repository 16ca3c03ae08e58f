const MAX_NAME = 100

/** Quotes a name from a schema for a message. */
export function quoted(name: unknown): string {
  return JSON.stringify(typeof name === 'string' ? name.slice(0, MAX_NAME) : typeof name)
}
