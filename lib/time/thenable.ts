// Handles promises, of any library, that the caller's code returns or passes, also where none is expected.

/**
 * Whether a value is a promise. A value that throws when it is read (a getter, a revoked proxy) is none, because nobody
 * can wait for it.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (!((typeof value === 'object' && value !== null) || typeof value === 'function')) return false
  try {
    return 'then' in value && typeof value.then === 'function'
  } catch {
    return false
  }
}

/** Keeps a promise for which nobody waits from ending the process when it rejects. Other values are ignored. */
export function catchRejection(value: unknown, onRejected: (error: unknown) => void): void {
  if (isThenable(value)) Promise.resolve(value).catch(onRejected)
}

/**
 * Does the same for a refused record that is a promise, or has one as a field (a forgotten `await`). Getters are not
 * read, and thenables that are no promises are ignored, because some begin their work when somebody waits for them.
 */
export function catchRejectionsIn(record: unknown): void {
  if (typeof record !== 'object' || record === null) return
  for (const value of [record, ...fieldsOf(record)]) if (isPromise(value)) catchRejection(value, () => undefined)
}

/** The fields of an object. A proxy that refuses to be read has none, and is not a promise. */
function fieldsOf(record: object): readonly unknown[] {
  try {
    return Object.values(Object.getOwnPropertyDescriptors(record)).map(({ value }) => value)
  } catch {
    return []
  }
}

function isPromise(value: unknown): boolean {
  try {
    return value instanceof Promise
  } catch {
    return false
  }
}
