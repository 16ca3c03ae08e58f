// Builds texts that are equal for values which JSON Schema considers equal: the order of an object's fields does not
// matter.

/** @param value any value that is neither an object nor a list */
export function scalarText(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/** @param textOf returns the text of an entry of the object or list */
export function containerText(container: object, textOf: (entry: unknown) => string): string {
  if (Array.isArray(container)) return `[${container.map(entry => textOf(entry)).join()}]`
  const fields = Object.entries(container).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${textOf(field)}`).join()}}`
}
