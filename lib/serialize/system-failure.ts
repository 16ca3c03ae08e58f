// Whether the error of a serializer is the system’s: then the record may be right, and a later attempt may succeed.
import { constants } from 'node:os'
import { getSystemErrorMap, types } from 'node:util'

/**
 * Codes of connections, TLS and HTTP that are no `errno`: Node's, undici's (its fetch), and OpenSSL's names of what is
 * wrong with a certificate (https://nodejs.org/api/tls.html#x509-certificate-error-codes).
 */
const CONNECTION_CODE = new RegExp(
  '^(?:E(?:AI_|SOCKETTIMEDOUT$)|ENOTFOUND$|UND_ERR_|HPE_|ERR_(?:TLS|SSL|SOCKET|HTTP2)_|ERR_STREAM_PREMATURE_CLOSE$|' +
    'UNABLE_TO_|(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|CERT_|CRL_|ERROR_IN_C(?:ERT|RL)_|' +
    '(?:HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|OUT_OF_MEM)$)',
)

/** Names of the errors of an aborted signal and of a timeout. */
const STOPPED = new Set(['AbortError', 'TimeoutError'])

/**
 * Looks at the causes, too, and at the errors that one joins: of several registries, one that is down may have accepted
 * the record. An error that can't be read says nothing, so the record counts as invalid, as with any other error.
 */
export function isSystemFailure(error: unknown): boolean {
  const seen = new Set<unknown>()
  const isOf = (one: unknown): boolean => {
    // An error of Node's own is of another realm where a test runner gives each test file one.
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

/** `errno` and `syscall`: Node sets them in errors of system calls, whose codes differ between platforms. */
function isOwn({ name, message, code, errno, syscall }: NodeJS.ErrnoException): boolean {
  // Of fetch, whose cause has no code when it refuses a port or a redirect.
  if (name === 'TypeError' && message === 'fetch failed') return true
  if (STOPPED.has(name) || typeof syscall === 'string' || isSystemNumber(errno, code)) return true
  return typeof code === 'string' && (Object.hasOwn(constants.errno, code) || CONNECTION_CODE.test(code))
}

/** zlib and drivers of databases have numbers of their own, with codes of their own. */
function isSystemNumber(errno: unknown, code: unknown): boolean {
  const name = typeof errno === 'number' ? getSystemErrorMap().get(errno)?.[0] : undefined
  return name !== undefined && (code === undefined || code === name)
}
