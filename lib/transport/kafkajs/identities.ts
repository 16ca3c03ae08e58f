// Knows which cluster the brokers belong to, and whether a connection leads to the broker that a request is for.
import { asTransportError } from './ask-brokers.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { type ExpectedBroker, identify, isExpected } from './broker-identity.ts'
import type { SharedState } from './broker-options.ts'

/** The broker that a request is for. */
export interface TargetBroker {
  /** Null: the cluster of the other brokers. */
  readonly clusterId: string | null
  /** Undefined: any broker of the cluster. */
  readonly nodeId: number | undefined
}

const ANY: TargetBroker = { clusterId: null, nodeId: undefined }

export class Identities {
  /** The id of the cluster that the brokers belong to; null if none of them has reported it. */
  clusterId: string | null = null
  readonly #shared: SharedState
  readonly #onOtherCluster: () => void

  /** @param onOtherCluster called when a broker turns out to be of another cluster */
  constructor(shared: SharedState, onOtherCluster: () => void) {
    this.#shared = shared
    this.#onOtherCluster = onOtherCluster
  }

  /** Whether the broker on the connection is known to be this one. */
  isIdentified(connection: BrokerConnection, target: TargetBroker = ANY): boolean {
    const expected = this.#expected(target)
    if (expected === null) return true
    return connection.identity !== undefined && isExpected(connection.identity, expected)
  }

  /**
   * Checks which broker answers on the connection.
   * @throws TransportError if it is not the expected broker, or does not answer; the connection is destroyed
   */
  async identify(connection: BrokerConnection, ms: number, target: TargetBroker = ANY): Promise<void> {
    await connection.identification
    const expected = this.#expected(target)
    if (expected === null || this.isIdentified(connection, target)) return
    connection.identification = identify(connection, expected, this.#shared.versions, ms)
    try {
      await connection.identification
      this.#shared.versions = connection.versions
    } catch (error) {
      if (asTransportError(error).causeCode === 'OTHER_CLUSTER') this.#onOtherCluster()
      throw error
    } finally {
      connection.identification = undefined
    }
  }

  /** Null if no broker has reported its cluster, so that any cluster is accepted. */
  #expected({ clusterId, nodeId }: TargetBroker): ExpectedBroker | null {
    const expected = clusterId ?? this.clusterId
    return expected === null ? null : { clusterId: expected, nodeId }
  }
}
