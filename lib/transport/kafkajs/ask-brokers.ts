// Sends a request that any broker can answer. The next broker is asked if one fails, or if its answer is likely to be
// late; after a second without an answer, several more are asked in parallel. A late answer still counts.
import { TransportError } from '../../errors.ts'
import type { Clock } from '../../time/clock.ts'
import type { Deadline } from '../../time/deadline.ts'
import { transportError } from '../error-codes.ts'
import type { BrokerConnection } from './broker-connection.ts'
import type { BrokerNode } from './broker-node.ts'
import { AllFailedError, type Attempt, firstSuccess } from './first-success.ts'

export type Send<T> = (connection: BrokerConnection, ms: number) => Promise<T>

export interface AskOptions {
  readonly clock: Clock
  /** How long an answer may take, ms. */
  readonly requestTimeoutMs: number
  /**
   * Whether the request is sent once per producer and is normally answered fast, so that another broker is asked after
   * 250 ms.
   */
  readonly isQuick: boolean
}

interface Answered<T> {
  readonly node: BrokerNode
  readonly answer: T
}

/**
 * Asks the brokers.
 * @param nodes in the order in which they are asked
 * @throws TransportError that says why none answered
 */
export async function askBrokers<T>(
  nodes: readonly BrokerNode[],
  send: Send<T>,
  deadline: Deadline,
  { clock, requestTimeoutMs, isQuick }: AskOptions,
): Promise<Answered<T>> {
  const first = new Map<BrokerNode, Promise<Answered<T>>>()
  /** Brokers that answered with an error are not asked a second time. */
  const refusals = new Map<BrokerNode, TransportError>()
  // Brokers that are asked again, over another connection: those that had a connection, which may be dead, and those
  // where the request waits behind another one. From the others, the first answer is awaited.
  const again = new Set(nodes.filter(({ openConnections }) => openConnections > 0))
  const ask = async (node: BrokerNode, startNext: () => void): Promise<Answered<T>> => {
    const refusal = refusals.get(node)
    if (refusal) throw refusal
    const onLate = (isBehind: boolean) => {
      if (isBehind) again.add(node)
      startNext()
    }
    try {
      return { node, answer: await node.ask(send, deadline, { requestTimeoutMs, isQuick, onLate }) }
    } catch (caught) {
      const error = asTransportError(caught)
      if (!isConnectionLost(error)) refusals.set(node, error)
      throw error
    }
  }
  const attempts: Attempt<Answered<T>>[] = [
    ...nodes.map(node => (startNext: () => void) => {
      const answer = ask(node, startNext)
      first.set(node, answer)
      return answer
    }),
    ...nodes.map(node => (startNext: () => void) => {
      const answer = again.has(node) ? undefined : first.get(node)
      return answer ?? ask(node, startNext)
    }),
  ]
  try {
    return await firstSuccess(attempts, clock, nodes.filter(({ isDoubtful }) => isDoubtful).length)
  } catch (error) {
    throw whyNone(error)
  }
}

function isConnectionLost({ causeCode }: TransportError): boolean {
  return causeCode === 'CONNECTION_BROKEN' || causeCode === 'REQUEST_TIMEOUT'
}

/** Another attempt can help if it can change the answer of any broker. */
function whyNone(error: unknown): TransportError {
  if (!(error instanceof AllFailedError)) return asTransportError(error)
  const failures = error.errors.map(asTransportError)
  return (
    failures.findLast(({ retriable }) => retriable) ??
    failures.at(-1) ??
    transportError('UNREACHABLE', 'No broker is known.', { retriable: true })
  )
}

export function asTransportError(error: unknown): TransportError {
  return error instanceof TransportError
    ? error
    : transportError('CONNECTION_BROKEN', 'A connection to a broker broke.', { retriable: true, cause: error })
}
