/**
 * Returns a value for a message: only numbers, booleans and short words are quoted, as any other value may be a
 * misplaced secret.
 */
export function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value)
  if (typeof value === 'string' && /^[\w.-]{1,16}$/.test(value)) return `"${value}"`
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
