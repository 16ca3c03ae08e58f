// Explains why a broker closed or ignored a new connection before its first answer. A connection limit is temporary, so
// it is retried; a wrong security.protocol is not. Kafka closes the connection with a FIN in both cases, but at
// different times: at a limit before it has read a byte, with a wrong protocol after the first bytes.
import type { TransportError } from '../../errors.ts'
import { transportError } from '../error-codes.ts'

/** After a connection that was closed early, the next connection sends nothing for this long, ms. */
export const LISTEN_FIRST_MS = 100
/** A broker that can't read the first bytes closes the connection within this time and some round trips, ms. */
const PROMPT_MS = 300
const ROUND_TRIPS = 3

const SETTING =
  'If no connection ever works, check that security.protocol (KAFKA_SECURITY_PROTOCOL) is that of its listener.'

/** What is known about a connection that ended before its first answer. */
export interface EarlyClose {
  /** Time from the first bytes to the close, ms; undefined: nothing was sent. */
  readonly msAfterWrite: number | undefined
  /** How long the TCP handshake took: about one round trip. */
  readonly connectMs: number
  readonly cause: unknown
}

/**
 * Creates a retriable error. With the cause `CLOSED_WHILE_CONNECTING` the settings may be wrong; the other causes are
 * limits.
 */
export function closedEarly({ msAfterWrite, connectMs, cause }: EarlyClose): TransportError {
  if (msAfterWrite === undefined) return atLimit(cause)
  if (msAfterWrite <= PROMPT_MS + ROUND_TRIPS * connectMs) return closedWhileConnecting(cause)
  return transportError(
    'CONNECTION_LIMIT',
    `The broker held the new connection for ${Math.round(msAfterWrite)} ms and closed it without an answer: it ` +
      `limits the rate of new connections (max.connection.creation.rate) or is overloaded. ${SETTING}`,
    { retriable: true, cause },
  )
}

/** `max.connections.per.ip` and similar limits close a connection at once. */
export function atLimit(cause: unknown): TransportError {
  return transportError(
    'CONNECTION_LIMIT',
    'The broker closed the new connection at once: it is at its limit of connections (max.connections.per.ip) or is ' +
      'stopping.',
    { retriable: true, cause },
  )
}

/** Amazon MSK with IAM refuses the authentication if there are too many new connections. */
export function isTooManyConnects(error: unknown): boolean {
  return /too many connects/i.test(String((error as Error | undefined)?.message))
}

export function tooManyConnects(cause: unknown): TransportError {
  return transportError(
    'CONNECTION_LIMIT',
    'Amazon MSK refuses the new connection for now: too many connections per second at this broker. ' +
      '`kafka-producer plan` shows the limits.',
    { retriable: true, cause },
  )
}

export const CLOSED_WHILE_CONNECTING = 'CLOSED_WHILE_CONNECTING'

/**
 * One such attempt may be a broker that is shutting down. Several in a row, without one that succeeded, are a mismatch.
 */
export function closedWhileConnecting(cause: unknown): TransportError {
  return transportError(
    CLOSED_WHILE_CONNECTING,
    'The broker closed the new connection after its first bytes: it is at its limit of connections ' +
      `(max.connections.per.ip) or is stopping. ${SETTING}`,
    { retriable: true, cause },
  )
}

export function protocolMismatch(cause: unknown): TransportError {
  return transportError(
    'SECURITY_PROTOCOL_MISMATCH',
    'The broker closes every new connection before it can be used: check that security.protocol ' +
      '(KAFKA_SECURITY_PROTOCOL) is that of the broker’s listener (PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL).',
    { cause },
  )
}

/**
 * At `max.connections` a broker accepts no more connections: the operating system completes the handshake, but nobody
 * answers.
 */
export function noAnswer(ms: number, isTcpConnected: boolean): string {
  const within = `within ${Math.round(ms)} ms`
  return isTcpConnected
    ? `The broker’s port accepts the connection, but nothing answers ${within}: the broker is at its limit of ` +
        'connections (max.connections), overloaded or frozen.'
    : `No TCP connection ${within}: check the address, the security group and the route to the broker.`
}
