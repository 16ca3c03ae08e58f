// Promises that the caller's code returns, of any library, also where none is expected.

/** A value that throws when it is looked at (a getter, a revoked proxy) is no promise: nobody can wait for it. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (!((typeof value === 'object' && value !== null) || typeof value === 'function')) return false
  try {
    return 'then' in value && typeof value.then === 'function'
  } catch {
    return false
  }
}

/** Nobody waits for this value. If it is a promise that rejects, that must not end the process. */
export function catchRejection(value: unknown, onRejected: (error: unknown) => void): void {
  if (isThenable(value)) Promise.resolve(value).catch(onRejected)
}

/**
 * The same for a refused record that is a promise, or has one as a field (a forgotten `await`). Getters are not read,
 * and other thenables not either: some begin their work when somebody waits for them.
 */
export function catchRejectionsIn(record: unknown): void {
  if (typeof record !== 'object' || record === null) return
  for (const value of [record, ...fieldsOf(record)]) if (isPromise(value)) catchRejection(value, () => undefined)
}

/** A proxy that refuses to be looked at has no fields, and is no promise. */
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
