// Every error of the library: one base, one level of subclasses, the codes in one table.
// A message says what, expected, got and which setting. Never a payload, a secret or an address.

/** `record`: the record itself is at fault and no retry helps. `system`: anything else. */
export type FailureKind = 'invalid-record' | 'delivery-failure'

/** What is known of a record that was not acknowledged (design: what an answer proves). */
export type FailedOutcome = 'rejected' | 'not-sent' | 'unknown'

/** The stable codes of record faults and the HTTP status each has (`docs/delivery-semantics.md`). */
export const INVALID_RECORD_STATUS = {
  'bad-json': 400,
  'not-utf8': 400,
  'unknown-field': 400,
  'bad-header': 400,
  'bad-partition': 400,
  'bad-timestamp': 400,
  'unknown-topic': 404,
  method: 405,
  'body-too-large': 413,
  'record-too-large': 413,
  'too-many-records': 413,
  'media-type': 415,
  'too-many-requests': 429,
  schema: 422,
  'key-missing': 422,
  'key-type': 422,
  'key-mismatch': 422,
  tombstone: 422,
  'partition-out-of-range': 422,
  'number-out-of-range': 422,
  'reserved-header': 422,
  'header-missing': 422,
  'bad-value': 422,
  'rejected-by-broker': 422,
  empty: 422,
} as const

export type InvalidRecordCode = keyof typeof INVALID_RECORD_STATUS

/** The stable codes of delivery failures. */
export type DeliveryFailureCode =
  | 'no-leader'
  | 'topic-not-on-cluster'
  | 'unreachable'
  | 'authentication'
  | 'authorization'
  | 'quota'
  | 'buffer'
  | 'deadline'
  | 'delivery-unknown'
  | 'deadline-too-short'
  | 'order-group-stopped'
  | 'unavailable'

export class KafkaProducerError extends Error {
  override name = 'KafkaProducerError'
  readonly code: string
  readonly retriable: boolean

  constructor(code: string, message: string, options: { retriable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retriable = options.retriable ?? false
  }
}

/** All problems of a configuration at once, one line each. */
export class ConfigError extends KafkaProducerError {
  override name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super('config', `${problems.length} problem(s) in the configuration:\n- ${problems.join('\n- ')}`)
    this.problems = problems
  }
}

/** One broken rule of a contract, at a JSON pointer; never the value that broke it. */
export interface Violation {
  readonly pointer: string
  readonly rule: string
  readonly expected: string
}

/** The record is at fault: never retried. */
export class InvalidRecordError extends KafkaProducerError {
  override name = 'InvalidRecordError'
  declare readonly code: InvalidRecordCode
  readonly violations: readonly Violation[]
  readonly truncated: boolean

  constructor(
    code: InvalidRecordCode,
    message: string,
    violations: readonly Violation[] = [],
    truncated = false,
    cause?: unknown,
  ) {
    super(code, message, { cause })
    this.violations = violations
    this.truncated = truncated
  }

  get status(): number {
    return INVALID_RECORD_STATUS[this.code]
  }
}

/** A record that ended in anything but an acknowledgement; `outcome` says what is known of it. */
export class DeliveryError extends KafkaProducerError {
  override name = 'DeliveryError'
  readonly outcome: FailedOutcome

  constructor(outcome: FailedOutcome, code: string, message: string, cause?: unknown) {
    super(code, message, { retriable: true, cause })
    this.outcome = outcome
  }
}

/** A broker, the network or a time limit stood in the way. */
export class TransportError extends KafkaProducerError {
  override name = 'TransportError'
}

/** `buffer.memory` is full and stayed so (Java: `BufferExhaustedException`). */
export class BufferExhaustedError extends KafkaProducerError {
  override name = 'BufferExhaustedError'

  constructor(message: string) {
    super('buffer', message, { retriable: true })
  }
}

/** A dead-letter target did not store the dead letter. */
export class DeadLetterError extends KafkaProducerError {
  override name = 'DeadLetterError'
}

/** The record did not fail itself: an earlier one of its order group did, and it was not sent. */
export function orderGroupStopped(): TransportError {
  return new TransportError('order-group-stopped', 'An earlier record of the order group was not sent.')
}

/** What our own errors say: the innermost knows most. They name settings, and never quote a payload, a secret or an address. */
export function innermostMessage(error: unknown): string | undefined {
  let message: string | undefined
  for (let inner = error; inner instanceof Error; inner = inner.cause)
    if (inner instanceof KafkaProducerError) message = inner.message
  return message
}
