// `uniqueItems` in linear time. Ajv compares every pair of objects: 8,000 of them keep it busy for seconds.
import { isContainer } from '../record/json-object.ts'

/** Whether no two items are equal as JSON Schema defines it: the order of an object's fields does not matter. */
export function areUnique(items: readonly unknown[]): boolean {
  const seen = new Set<unknown>()
  for (const item of items) {
    // A text that stands for an object must not equal an item that is this text.
    const identity = typeof item === 'string' || isContainer(item) ? canonical(item) : item
    if (seen.has(identity)) return false
    seen.add(identity)
  }
  return true
}

function canonical(value: unknown): string {
  if (!isContainer(value)) return JSON.stringify(Object.is(value, -0) ? 0 : value) ?? 'undefined'
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join()}}`
}
