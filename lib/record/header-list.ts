// Turns the forms in which callers pass headers into one list.

/**
 * Returns the headers as a list.
 * @param headers those of a record that is not validated yet
 * @returns a list of [name, value] whose items may have any type; undefined for a value of another form
 */
export function headerList(headers: unknown): readonly unknown[] | undefined {
  if (headers === null || headers === undefined) return []
  if (Array.isArray(headers)) return headers
  if (headers instanceof Map) return valueByValue([...headers])
  if (typeof headers !== 'object' || !isPlain(headers)) return undefined
  return valueByValue(Object.entries(headers))
}

/** A name with several values has a list as its value. */
function valueByValue(entries: readonly [unknown, unknown][]): readonly unknown[] {
  return entries.flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((one: unknown) => [name, one]) : [[name, value]],
  )
}

/** Not a Date, bytes, or the `Headers` of fetch, none of which has its entries as own properties. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** How many headers the library put in front of the caller's, by the list. */
const ADDED = new WeakMap<readonly unknown[], number>()

/** Puts headers in front of the caller's. Messages count only the caller's headers. */
export function behindAdded<T>(added: readonly T[], headers: readonly T[]): readonly T[] {
  return startingWithAdded([...added, ...headers], added.length)
}

/** Marks a list whose first headers the library added. */
export function startingWithAdded<T>(list: readonly T[], count: number): readonly T[] {
  if (count > 0) ADDED.set(list, count)
  return list
}

export function addedBefore(list: readonly unknown[]): number {
  return ADDED.get(list) ?? 0
}
