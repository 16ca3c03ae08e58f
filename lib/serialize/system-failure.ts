// Whether the error of a serializer is the system’s: then the record may be right, and a later attempt may succeed.

/** Codes of Node's errors for connections and name look-ups, and of its fetch (undici). */
const CONNECTION_CODE = /^(?:E(?:CONN|HOST|NET|PIPE|TIMEDOUT|AI_)|ENOTFOUND$|UND_ERR_)/

/** Names of the errors of an aborted signal and of a timeout. */
const STOPPED = new Set(['AbortError', 'TimeoutError'])

/** An error that can't be read says nothing, so the record counts as invalid, as with any other error. */
export function isSystemFailure(error: unknown): boolean {
  const seen = new Set<unknown>()
  try {
    for (let inner = error; inner instanceof Error && !seen.has(inner); inner = inner.cause) {
      const { name, code } = inner as NodeJS.ErrnoException
      if (STOPPED.has(name) || (typeof code === 'string' && CONNECTION_CODE.test(code))) return true
      seen.add(inner)
    }
  } catch {
    return false
  }
  return false
}
