// Sends a request that any broker can answer. The next broker is asked when one fails, or when its answer is likely to
// be late; several more, side by side, when there is no answer for a second. A late answer still counts.
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
  /** How long one answer may take, ms. */
  readonly requestTimeoutMs: number
  /** The request is sent once per producer, and soon answered: another broker is asked after 250 ms. */
  readonly isQuick: boolean
}

interface Answered<T> {
  readonly node: BrokerNode
  readonly answer: T
}

/**
 * @param nodes in the order in which they are asked
 * @throws TransportError why none answered
 */
export async function askBrokers<T>(
  nodes: readonly BrokerNode[],
  send: Send<T>,
  deadline: Deadline,
  { clock, requestTimeoutMs, isQuick }: AskOptions,
): Promise<Answered<T>> {
  const first = new Map<BrokerNode, Promise<Answered<T>>>()
  /** Those that answered with an error are not asked a second time. */
  const refusals = new Map<BrokerNode, TransportError>()
  // A connection may be dead without a sign, and a question may be in the way on it: then the broker is asked again,
  // over another connection. Otherwise its answer is awaited.
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
      const asked = ask(node, startNext)
      first.set(node, asked)
      return asked
    }),
    ...nodes.map(node => (startNext: () => void) => {
      const asked = again.has(node) ? undefined : first.get(node)
      return asked ?? ask(node, startNext)
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

/** Another round can help if it can change one broker's answer. */
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
