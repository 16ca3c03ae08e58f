// Finds out whether an error of a serializer comes from the system, so that the record may be valid and a later attempt
// may succeed.
import { constants } from 'node:os'
import { getSystemErrorMap, types } from 'node:util'

/**
 * Error codes of connections, TLS and HTTP that are not an `errno`: those of Node, of undici (Node's fetch), and
 * OpenSSL's names for problems of a certificate (https://nodejs.org/api/tls.html#x509-certificate-error-codes).
 */
const CONNECTION_CODE = new RegExp(
  '^(?:E(?:AI_|SOCKETTIMEDOUT$)|ENOTFOUND$|UND_ERR_|HPE_|ERR_(?:TLS|SSL|SOCKET|HTTP2)_|ERR_STREAM_PREMATURE_CLOSE$|' +
    'UNABLE_TO_|(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|CERT_|CRL_|ERROR_IN_C(?:ERT|RL)_|' +
    '(?:HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|OUT_OF_MEM)$)',
)

/** The names of the errors of an aborted signal and of a timeout. */
const STOPPED = new Set(['AbortError', 'TimeoutError'])

/**
 * Also checks causes, and the errors in an AggregateError: if one of several registries is down, that one might have
 * accepted the record. An error that can't be read counts as an error of the record, as any other error does.
 */
export function isSystemFailure(error: unknown): boolean {
  const seen = new Set<unknown>()
  const isOf = (one: unknown): boolean => {
    // Not `instanceof`, because test runners give each test file a realm of its own, and Node's errors belong to
    // another one.
    if (!types.isNativeError(one) || seen.has(one)) return false
    seen.add(one)
    const { errors } = one as Partial<AggregateError>
    return isOwn(one) || isOf(one.cause) || (Array.isArray(errors) && errors.some(isOf))
  }
  try {
    return isOf(error)
  } catch {
    return false
  }
}

/**
 * Whether this error itself comes from the system. Node sets `errno` and `syscall` for system calls, whose codes differ
 * between platforms.
 */
function isOwn({ name, message, code, errno, syscall }: NodeJS.ErrnoException): boolean {
  // The error of fetch, whose cause has no code if it refuses a port or a redirect.
  if (name === 'TypeError' && message === 'fetch failed') return true
  if (STOPPED.has(name) || typeof syscall === 'string' || isSystemNumber(errno, code)) return true
  return typeof code === 'string' && (Object.hasOwn(constants.errno, code) || CONNECTION_CODE.test(code))
}

/** zlib and database drivers also set `errno`, together with codes of their own. */
function isSystemNumber(errno: unknown, code: unknown): boolean {
  const name = typeof errno === 'number' ? getSystemErrorMap().get(errno)?.[0] : undefined
  return name !== undefined && (code === undefined || code === name)
}
