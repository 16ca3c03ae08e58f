/** Returns the type of a value, for messages that must not quote the value. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && 'then' in value) return 'a promise'
  return typeof value
}
