// The Kafka protocol errors that a producer can get, and what each proves about a batch (kafka.apache.org/protocol). A
// code that is not in the table proves nothing, so it is `unknown` and not retriable.
import { type DeliveryFailureCode, type KafkaProducerErrorOptions, TransportError } from '../errors.ts'

type Refresh = 'before-retry' | 'beside-retry'

interface ErrorCodeRow {
  readonly name: string
  readonly retriable?: true
  /** The broker may have appended the batch although it answers with an error. */
  readonly mayBeWritten?: true
  /**
   * `before-retry`: the cached leaders are out of date, so a retry waits for newer metadata.
   * `beside-retry`: they may be out of date, e.g. if a leader is cut off from its followers, so metadata is requested
   * while the retry goes on.
   */
  readonly refresh?: Refresh
  /** One record of the batch is invalid. */
  readonly badRecord?: true
  /** The broker expected another sequence number or epoch. */
  readonly sequence?: true
  readonly failure?: DeliveryFailureCode
}

const rows = new Map<number, ErrorCodeRow>([
  [-1, { name: 'UNKNOWN_SERVER_ERROR', retriable: true, mayBeWritten: true }],
  [2, { name: 'CORRUPT_MESSAGE', retriable: true }],
  [
    3,
    { name: 'UNKNOWN_TOPIC_OR_PARTITION', retriable: true, refresh: 'before-retry', failure: 'topic-not-on-cluster' },
  ],
  [5, { name: 'LEADER_NOT_AVAILABLE', retriable: true, refresh: 'before-retry', failure: 'no-leader' }],
  [6, { name: 'NOT_LEADER_OR_FOLLOWER', retriable: true, refresh: 'before-retry', failure: 'no-leader' }],
  [7, { name: 'REQUEST_TIMED_OUT', retriable: true, mayBeWritten: true, refresh: 'beside-retry' }],
  [8, { name: 'BROKER_NOT_AVAILABLE', retriable: true, refresh: 'before-retry', failure: 'no-leader' }],
  [9, { name: 'REPLICA_NOT_AVAILABLE', retriable: true, refresh: 'before-retry', failure: 'no-leader' }],
  [10, { name: 'MESSAGE_TOO_LARGE', badRecord: true }],
  [
    13,
    { name: 'NETWORK_EXCEPTION', retriable: true, mayBeWritten: true, refresh: 'before-retry', failure: 'unreachable' },
  ],
  [14, { name: 'COORDINATOR_LOAD_IN_PROGRESS', retriable: true }],
  [15, { name: 'COORDINATOR_NOT_AVAILABLE', retriable: true }],
  [16, { name: 'NOT_COORDINATOR', retriable: true }],
  [17, { name: 'INVALID_TOPIC_EXCEPTION', failure: 'topic-not-on-cluster' }],
  [18, { name: 'RECORD_LIST_TOO_LARGE', badRecord: true }],
  [19, { name: 'NOT_ENOUGH_REPLICAS', retriable: true, refresh: 'beside-retry' }],
  [20, { name: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', retriable: true, mayBeWritten: true, refresh: 'beside-retry' }],
  [21, { name: 'INVALID_REQUIRED_ACKS' }],
  [29, { name: 'TOPIC_AUTHORIZATION_FAILED', failure: 'authorization' }],
  [31, { name: 'CLUSTER_AUTHORIZATION_FAILED', failure: 'authorization' }],
  [32, { name: 'INVALID_TIMESTAMP', badRecord: true }],
  [35, { name: 'UNSUPPORTED_VERSION' }],
  [42, { name: 'INVALID_REQUEST' }],
  [43, { name: 'UNSUPPORTED_FOR_MESSAGE_FORMAT' }],
  [44, { name: 'POLICY_VIOLATION' }],
  [45, { name: 'OUT_OF_ORDER_SEQUENCE_NUMBER', retriable: true, sequence: true }],
  [47, { name: 'INVALID_PRODUCER_EPOCH', retriable: true, sequence: true }],
  [51, { name: 'CONCURRENT_TRANSACTIONS', retriable: true }],
  [56, { name: 'KAFKA_STORAGE_ERROR', retriable: true, mayBeWritten: true, refresh: 'before-retry' }],
  [59, { name: 'UNKNOWN_PRODUCER_ID', retriable: true, sequence: true }],
  [74, { name: 'FENCED_LEADER_EPOCH', retriable: true, refresh: 'before-retry', failure: 'no-leader' }],
  [75, { name: 'UNKNOWN_LEADER_EPOCH', retriable: true, refresh: 'before-retry', failure: 'no-leader' }],
  [76, { name: 'UNSUPPORTED_COMPRESSION_TYPE' }],
  [87, { name: 'INVALID_RECORD', badRecord: true }],
  [89, { name: 'THROTTLING_QUOTA_EXCEEDED', retriable: true, failure: 'quota' }],
  [90, { name: 'PRODUCER_FENCED', retriable: true, sequence: true }],
  /** The connection leads to another cluster or broker than the client expects (KIP-1242). */
  [129, { name: 'REBOOTSTRAP_REQUIRED', retriable: true, refresh: 'before-retry', failure: 'unreachable' }],
])

const byName = new Map([...rows.values()].map(row => [row.name, row]))

/** The broker has already appended this batch. This is a success, although the offset may be unknown. */
export const DUPLICATE_SEQUENCE_NUMBER = 46

export function errorCodeRow(code: number): ErrorCodeRow {
  return rows.get(code) ?? { name: `ERROR_CODE_${code}`, mayBeWritten: true }
}

/** An earlier record of the same order group was not acknowledged. */
export const ORDER_GROUP_STOPPED = 'ORDER_GROUP_STOPPED'

/** The broker asked for a pause (quota) that left the record no time. The Sender waits for the end of such pauses. */
export const THROTTLED = 'THROTTLED'

interface ClientCause {
  readonly refresh?: Refresh
  readonly failure: DeliveryFailureCode
}

/** Causes that arise in this client, not in a broker's answer. */
const clientCauses = {
  NO_LEADER: { refresh: 'before-retry', failure: 'no-leader' },
  /** The topic was created anew with fewer partitions. */
  PARTITION_GONE: { failure: 'partition-gone' },
  [ORDER_GROUP_STOPPED]: { failure: 'order-group-stopped' },
  DEADLINE: { failure: 'deadline' },
  [THROTTLED]: { failure: 'quota' },
  CLOSED: { failure: 'unavailable' },
  /** The record could not be encoded into a batch, not even alone; the error's cause says why. */
  ENCODING_FAILED: { failure: 'unavailable' },
  /** An internal error stopped the producer; the error's cause is that error. */
  INTERNAL_ERROR: { failure: 'unavailable' },
  UNREACHABLE: { refresh: 'before-retry', failure: 'unreachable' },
  CONNECTION_BROKEN: { refresh: 'before-retry', failure: 'unreachable' },
  REQUEST_TIMEOUT: { refresh: 'before-retry', failure: 'unreachable' },
  CONNECTION_TIMEOUT: { refresh: 'before-retry', failure: 'unreachable' },
  /** The bytes from the peer are not a Kafka response. */
  MALFORMED_ANSWER: { refresh: 'before-retry', failure: 'unreachable' },
  /** The broker accepts no more connections for now: too many at once, or too many per second. */
  CONNECTION_LIMIT: { refresh: 'before-retry', failure: 'unreachable' },
  CLOSED_WHILE_CONNECTING: { refresh: 'before-retry', failure: 'unreachable' },
  /** A broker's address leads to another cluster or broker than metadata says. */
  OTHER_CLUSTER: { refresh: 'before-retry', failure: 'unreachable' },
  OTHER_BROKER: { refresh: 'before-retry', failure: 'unreachable' },
  AUTHENTICATION_FAILED: { failure: 'authentication' },
  CERTIFICATE_REFUSED: { failure: 'authentication' },
  SECURITY_PROTOCOL_MISMATCH: { failure: 'authentication' },
  CREDENTIALS_UNAVAILABLE: { failure: 'authentication' },
  /**
   * Before the write a record left its batch, or all records of a batch expired. The Sender encodes the batch again or
   * ends it, so no caller sees this.
   */
  BATCH_CHANGED: { failure: 'unavailable' },
  /** The broker's answer has no entry for the partition, or no offset. The outcome is `unknown`. */
  NO_ANSWER: { failure: 'unavailable' },
  NO_OFFSET: { failure: 'unavailable' },
} as const satisfies Record<string, ClientCause>

export type ClientCauseCode = keyof typeof clientCauses

const byCause: ReadonlyMap<string, ErrorCodeRow | ClientCause> = new Map<string, ErrorCodeRow | ClientCause>([
  ...Object.entries(clientCauses),
  ...byName,
])

/** Returns whether metadata is requested after a failed attempt, and whether the retry waits for it. */
export function refreshFor(causeCode: string): Refresh | undefined {
  return byCause.get(causeCode)?.refresh
}

export function isBadRecord(causeCode: string): boolean {
  return byName.get(causeCode)?.badRecord === true
}

/** Whether the broker refused the size of the batch, or of a record in it. */
export function isTooLarge(causeCode: string): boolean {
  return causeCode === 'MESSAGE_TOO_LARGE' || causeCode === 'RECORD_LIST_TOO_LARGE'
}

export function isSequenceError(causeCode: string): boolean {
  return byName.get(causeCode)?.sequence === true
}

/** Returns the code that callers get for a cause of the driver or the broker. */
export function deliveryFailureCode(causeCode: string): DeliveryFailureCode {
  return byCause.get(causeCode)?.failure ?? 'unavailable'
}

/** Returns the code for a record of a topic that has this error in the metadata. */
export function topicFailureCode(causeCode: string): DeliveryFailureCode {
  return causeCode === 'TOPIC_AUTHORIZATION_FAILED' ? 'authorization' : 'topic-not-on-cluster'
}

/** Creates an error for a cause in this client, with the code from the table. */
export function transportError(
  causeCode: ClientCauseCode,
  message: string,
  options: Omit<KafkaProducerErrorOptions, 'causeCode'> = {},
): TransportError {
  return new TransportError(clientCauses[causeCode].failure, message, { ...options, causeCode })
}

/** Returns the cause that an outcome reports for an error. An error without a cause gets the code `unavailable`. */
export function causeOf({ causeCode }: TransportError): string {
  return causeCode ?? 'UNKNOWN'
}

/** Creates an error for a broker's answer. */
export function brokerError({ name, failure, retriable }: ErrorCodeRow, message: string): TransportError {
  return new TransportError(failure ?? 'unavailable', message, { causeCode: name, retriable: retriable === true })
}
