// Promises that the caller's code returns, of any library, also where none is expected.

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    'then' in value &&
    typeof value.then === 'function'
  )
}

/** Nobody waits for this value. If it is a promise that rejects, that must not end the process. */
export function catchRejection(value: unknown, onRejected: (error: unknown) => void): void {
  if (isThenable(value)) Promise.resolve(value).catch(onRejected)
}
