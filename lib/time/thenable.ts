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
