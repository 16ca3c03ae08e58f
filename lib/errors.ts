// Every error of the library: one base class, one level of subclasses, one closed list of codes. A message says what
// happened, what was expected, what came instead and which setting to check. It never contains a payload, a secret or
// an address.

/** `invalid-record`: the record itself is wrong, and no retry helps. `delivery-failure`: any other reason. */
export type FailureKind = 'invalid-record' | 'delivery-failure'

/** What is known about a record that was not acknowledged (`docs/delivery-semantics.md`). */
export type FailedOutcome = 'rejected' | 'not-sent' | 'unknown'

/** Every code that an error of this library can have. `docs/delivery-semantics.md` explains each of them. */
export const ERROR_CODES = {
  /** The record itself is wrong. */
  'invalid-record': [
    'bad-json',
    'not-utf8',
    'unknown-field',
    'bad-header',
    'bad-partition',
    'bad-timestamp',
    'bad-value',
    'repeated-name',
    'duplicate-record',
    'unknown-topic',
    'record-too-large',
    'schema',
    'key-missing',
    'key-type',
    'key-mismatch',
    'tombstone',
    'partition-out-of-range',
    'number-out-of-range',
    'reserved-header',
    'header-missing',
    'rejected-by-broker',
  ],
  /** A valid record was not acknowledged. */
  'delivery-failure': [
    'no-leader',
    'topic-not-on-cluster',
    'partition-gone',
    'unreachable',
    'authentication',
    'authorization',
    'quota',
    'buffer',
    'serializer',
    'schema-registry',
    'schema-registry-access',
    'schema-not-found',
    'schema-incompatible',
    'schema-rules',
    'schema-unusable',
    'deadline',
    'delivery-unknown',
    'deadline-too-short',
    'order-group-stopped',
    'unavailable',
  ],
  /** A dead letter was not stored, can't be read, or is being redriven elsewhere. */
  'dead-letter': [
    'dead-letter',
    'dead-letter-too-large',
    'claim-missing',
    'redrive-running',
    'stop-requested',
    'not-found',
    'message-not-whole',
    'still-in-doubt',
    'other-cluster',
    'look-up-incomplete',
    'log-deleted',
    'look-up-stopped',
    'superseded',
    'too-old',
    'retention-unknown',
    'completion-unknown',
  ],
  /** A record batch of a partition's log can't be read. */
  'record-batch': ['corrupt-batch', 'unsupported-batch', 'batch-too-large'],
  /** A request was refused as a whole, before its records were read. */
  request: [
    'bad-json',
    'not-utf8',
    'unknown-field',
    'repeated-name',
    'bad-header',
    'unknown-topic',
    'method',
    'body-too-large',
    'too-many-records',
    'media-type',
    'empty',
    'records-refused',
    'too-many-requests',
    'request-timeout',
  ],
  config: ['config'],
} as const

export type InvalidRecordCode = (typeof ERROR_CODES)['invalid-record'][number]
export type DeliveryFailureCode = (typeof ERROR_CODES)['delivery-failure'][number]
export type DeadLetterCode = (typeof ERROR_CODES)['dead-letter'][number]
export type RecordBatchCode = (typeof ERROR_CODES)['record-batch'][number]
export type RequestCode = (typeof ERROR_CODES)['request'][number]
export type ErrorCode = (typeof ERROR_CODES)[keyof typeof ERROR_CODES][number]

/** Failures of the whole cluster: after one of these, no other topic can be reached either. */
export const CLUSTER_FAILURES: ReadonlySet<ErrorCode> = new Set([
  'unreachable',
  'authentication',
  'unavailable',
  'deadline',
])

export interface KafkaProducerErrorOptions {
  /** The driver's or the broker's code, e.g. `REQUEST_TIMEOUT`. Default: null. */
  readonly causeCode?: string | null
  /** Whether the same call can succeed later. Default: false. */
  readonly retriable?: boolean
  readonly cause?: unknown
}

/** The base class of every error of the library. Switch on `code`; `causeCode` is for logs and people. */
export class KafkaProducerError extends Error {
  override name = 'KafkaProducerError'
  readonly code: ErrorCode
  /** The driver's or the broker's code for what went wrong; null if there is none. */
  readonly causeCode: string | null
  readonly retriable: boolean

  constructor(code: ErrorCode, message: string, options: KafkaProducerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.causeCode = codeText(options.causeCode)
    this.retriable = options.retriable ?? false
  }

  /** Includes the message, which is not enumerable, but not the cause, which may be foreign and quote a payload. */
  toJSON(): object {
    return { ...this, message: this.message }
  }
}

/** JavaScript callers pass what they have, such as an HTTP status. */
function codeText(code: unknown): string | null {
  return typeof code === 'string' ? code : typeof code === 'number' ? String(code) : null
}

/**
 * Returns what `create` returns. Errors that it creates have no stack frames, because these cost more than everything
 * else about a failed record. Use it for an error whose cause already has the stack.
 */
export function withoutStack<T>(create: () => T): T {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return create()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** A configuration is wrong. The message lists all problems, one per line. */
export class ConfigError extends KafkaProducerError {
  override name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[], { cause }: { readonly cause?: unknown } = {}) {
    super('config', `${problems.length} problem(s) in the configuration:\n- ${problems.join('\n- ')}`, { cause })
    this.problems = problems
  }
}

/** One broken rule of a contract, at a JSON pointer. Never contains the value that broke it. */
export interface Violation {
  readonly pointer: string
  readonly rule: string
  readonly expected: string
}

/** JavaScript callers may leave out fields, which answers and dead letters rely on. */
function checkedViolations(violations: readonly Partial<Violation>[]): Violation[] {
  const text = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise)
  if (!Array.isArray(violations)) return []
  return violations.map((violation: Partial<Violation> | null) => ({
    pointer: text(violation?.pointer, ''),
    rule: text(violation?.rule, 'schema'),
    expected: text(violation?.expected, 'what the schema says'),
  }))
}

/** The record itself is wrong. It is never retried. */
export class InvalidRecordError extends KafkaProducerError {
  override name = 'InvalidRecordError'
  declare readonly code: InvalidRecordCode
  readonly violations: readonly Violation[]
  /** Whether there are more violations than `violations` lists. */
  readonly truncated: boolean
  /** `not-sent` if this library refused the record, `rejected` if the broker did. */
  readonly outcome: FailedOutcome

  constructor(
    code: InvalidRecordCode,
    message: string,
    {
      violations = [],
      truncated = false,
      outcome = 'not-sent',
      ...options
    }: Omit<KafkaProducerErrorOptions, 'retriable'> & {
      readonly violations?: readonly Violation[]
      readonly truncated?: boolean
      readonly outcome?: FailedOutcome
    } = {},
  ) {
    const codes: readonly string[] = ERROR_CODES['invalid-record']
    super(codes.includes(code) ? code : 'bad-value', message, options)
    this.violations = checkedViolations(violations)
    this.truncated = truncated
    this.outcome = outcome
  }
}

/**
 * A valid record was not acknowledged, for whatever reason. `outcome` says what is known about it. Its `cause` is what
 * kept the record from being sent: a `TransportError`, a `BufferExhaustedError`, or a foreign error.
 */
export class DeliveryError extends KafkaProducerError {
  override name = 'DeliveryError'
  declare readonly code: DeliveryFailureCode
  readonly outcome: FailedOutcome

  /** @param options.retriable default: true */
  constructor(
    code: DeliveryFailureCode,
    message: string,
    { outcome, ...options }: KafkaProducerErrorOptions & { readonly outcome: FailedOutcome },
  ) {
    super(code, message, { retriable: true, ...options })
    this.outcome = outcome
  }
}

export interface SerializationErrorOptions extends KafkaProducerErrorOptions {
  /**
   * The error's code, which must fit its kind. Default: `bad-value` of an invalid record, `serializer` of a delivery
   * failure.
   */
  readonly code?: InvalidRecordCode | DeliveryFailureCode
  /** Which parts of an invalid record's data break which rule; the pointers begin at the data. Default: none. */
  readonly violations?: readonly Violation[]
  /** Whether there are more violations than `violations` lists. Default: false. */
  readonly truncated?: boolean
}

/**
 * Thrown by a `Serializer`, to say whether the record itself is wrong. Its message reaches callers, logs and dead
 * letters, so it must not contain the data. A send rejects with an `InvalidRecordError` or a `DeliveryError` whose
 * cause is this error.
 */
export class SerializationError extends KafkaProducerError {
  override name = 'SerializationError'
  declare readonly code: InvalidRecordCode | DeliveryFailureCode
  /**
   * `invalid-record`: the data can't be written in this format. `delivery-failure`: something that the serializer needs
   * failed.
   */
  readonly kind: FailureKind
  readonly violations: readonly Violation[]
  readonly truncated: boolean

  /** @param options `retriable` defaults to true for a `delivery-failure`, otherwise to false */
  constructor(
    kind: FailureKind,
    message: string,
    { violations = [], truncated = false, code, ...options }: SerializationErrorOptions = {},
  ) {
    const isInvalid = kind === 'invalid-record'
    const known: FailureKind = isInvalid ? kind : 'delivery-failure'
    const codes: readonly string[] = ERROR_CODES[known]
    const isOfKind = code !== undefined && codes.includes(code)
    super(isOfKind ? code : isInvalid ? 'bad-value' : 'serializer', message, { retriable: !isInvalid, ...options })
    this.kind = known
    this.violations = checkedViolations(violations)
    this.truncated = truncated
  }
}

/** Something kept records from being sent: a broker, the network, a time limit, or a defect. */
export class TransportError extends KafkaProducerError {
  override name = 'TransportError'
  declare readonly code: DeliveryFailureCode

  constructor(code: DeliveryFailureCode, message: string, options: KafkaProducerErrorOptions = {}) {
    super(code, message, options)
  }
}

/** `buffer.memory` stayed full (Java: `BufferExhaustedException`). */
export class BufferExhaustedError extends KafkaProducerError {
  override name = 'BufferExhaustedError'
  declare readonly code: 'buffer'

  constructor(message: string) {
    super('buffer', message, { retriable: true })
  }
}

/** The errors that `send` rejects with and that a report contains. The `outcome` of each is that of the report. */
export type RecordError = InvalidRecordError | DeliveryError

/** Records that fail for the same cause share one error, because there may be thousands. */
const notSentErrors = new WeakMap<KafkaProducerError, DeliveryError>()

/**
 * Returns the error of a record that was not sent: an invalid record's own error, or a `DeliveryError` whose cause is
 * `cause`. A serializer that sends records itself may throw an error with an outcome of such a record.
 */
export function notSentError(cause: unknown): RecordError {
  const isInvalid = isInstance(cause, InvalidRecordError)
  if (isInvalid || isInstance(cause, DeliveryError)) {
    if (cause.outcome === 'not-sent') return cause
    if (isInvalid) return new InvalidRecordError(cause.code, cause.message, { ...cause, outcome: 'not-sent', cause })
  }
  if (!isInstance(cause, KafkaProducerError)) return unexpectedError(cause, 'not-sent')
  const { message, causeCode, retriable } = cause
  const isKnown = isDeliveryFailureCode(cause.code) && cause.code !== 'delivery-unknown'
  const code = isKnown ? cause.code : 'unavailable'
  const options = { outcome: 'not-sent', causeCode, retriable, cause } as const
  // The cause has the stack.
  const error = notSentErrors.get(cause) ?? withoutStack(() => new DeliveryError(code, message, options))
  notSentErrors.set(cause, error)
  return error
}

function isDeliveryFailureCode(code: ErrorCode): code is DeliveryFailureCode {
  return (ERROR_CODES['delivery-failure'] as readonly string[]).includes(code)
}

/** A dead letter was not stored, can't be read, or is being redriven elsewhere. */
export class DeadLetterError extends KafkaProducerError {
  override name = 'DeadLetterError'
  declare readonly code: DeadLetterCode

  constructor(code: DeadLetterCode, message: string, options: KafkaProducerErrorOptions = {}) {
    super(code, message, options)
  }
}

/** A record batch that can't be read. */
export class RecordBatchError extends KafkaProducerError {
  override name = 'RecordBatchError'
  declare readonly code: RecordBatchCode

  constructor(code: RecordBatchCode, message: string, options: KafkaProducerErrorOptions = {}) {
    super(code, message, options)
  }
}

/** The error of a valid record that was not sent because an earlier record of its order group failed. */
export function orderGroupStopped(): TransportError {
  return new TransportError('order-group-stopped', 'An earlier record of the order group was not sent.')
}

/** The error for an unexpected one: a defect, or an error that the caller's code threw. */
export function unexpectedError(cause: unknown, outcome: 'not-sent' | 'unknown'): DeliveryError {
  const code = outcome === 'unknown' ? 'delivery-unknown' : 'unavailable'
  const options = { outcome, retriable: false, cause }
  return new DeliveryError(code, 'An unexpected error; its cause has the details.', options)
}

/**
 * `instanceof` for values from foreign code. A revoked proxy, which throws when it is looked at, counts as no instance.
 */
export function isInstance<T>(value: unknown, type: abstract new (...args: never) => T): value is T {
  try {
    return value instanceof type
  } catch {
    return false
  }
}

/** Describes a foreign error without its message, which may quote a payload. Never throws. */
export function errorName(error: unknown): string {
  try {
    return error instanceof Error ? String(error.name) : typeof error
  } catch {
    return 'an error that can’t be read'
  }
}

/** The error and its causes, from the outside in, as far as they can be read. */
function* withCauses(error: unknown): Generator<Error> {
  const seen = new Set<unknown>()
  try {
    for (let inner = error; inner instanceof Error && !seen.has(inner); inner = inner.cause) {
      seen.add(inner)
      yield inner
    }
  } catch {
    // A revoked proxy, or a getter that throws, has nothing else to say.
  }
}

/**
 * The message of the innermost error of this library. It names the setting and contains no payload, secret or address.
 */
export function innermostMessage(error: unknown): string | undefined {
  return ownMessages(error).at(-1)
}

/** The messages of this library's errors, from the outside in. */
function ownMessages(error: unknown): string[] {
  return [...withCauses(error)].flatMap(inner => {
    try {
      return inner instanceof KafkaProducerError && typeof inner.message === 'string' ? [inner.message] : []
    } catch {
      // A getter that throws has nothing to say.
      return []
    }
  })
}

/**
 * Explains why something failed, from the outside in: the messages of this library's errors, then the operating
 * system's reason, e.g. `A broker could not be reached (getaddrinfo ENOTFOUND kafka).` It may contain addresses and
 * paths, so it is for an operator's terminal and not for callers. It contains no message of a foreign error, which may
 * quote a payload.
 */
export function describeError(error: unknown): string {
  const messages = new Set(ownMessages(error))
  const cause = systemCause(error)
  if (messages.size === 0) return cause ?? `An unexpected error (${errorName(error)}).`
  const text = [...messages].join(' ')
  return cause === undefined ? text : `${text.replace(/\.$/, '')} (${cause}).`
}

/** The operating system's reason: of the innermost cause first, then of the errors that an AggregateError contains. */
function systemCause(error: unknown): string | undefined {
  for (const inner of [...withCauses(error)].reverse()) {
    try {
      const joined = inner instanceof AggregateError ? inner.errors : []
      for (const one of joined) {
        const cause = systemCause(one)
        if (cause !== undefined) return cause
      }
      if ('syscall' in inner && typeof inner.syscall === 'string') return inner.message
    } catch {
      // A getter that throws has nothing to say.
    }
  }
  return undefined
}
