// Which cluster the brokers belong to, and whether a connection leads to the broker that a request is for.
import { asTransportError } from './ask-brokers.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { type ExpectedBroker, identify, isExpected } from './broker-identity.ts'
import type { SharedState } from './broker-options.ts'

/** The broker that a request is for. */
export interface Meant {
  /** Null: that of the other brokers. */
  readonly clusterId: string | null
  /** Undefined: any broker of the cluster. */
  readonly nodeId: number | undefined
}

const ANY: Meant = { clusterId: null, nodeId: undefined }

export class Identities {
  /** Of the cluster that the brokers belong to; null while none of them said. */
  clusterId: string | null = null
  readonly #shared: SharedState
  readonly #onOtherCluster: () => void

  /** @param onOtherCluster called when a broker turns out to be one of another cluster */
  constructor(shared: SharedState, onOtherCluster: () => void) {
    this.#shared = shared
    this.#onOtherCluster = onOtherCluster
  }

  /**
   * Whether the broker on the connection is known to be this one.
   */
  isIdentified(connection: BrokerConnection, meant: Meant = ANY): boolean {
    const expected = this.#expected(meant)
    if (expected === null) return true
    return connection.identity !== undefined && isExpected(connection.identity, expected)
  }

  /**
   * Asks who answers on the connection.
   * @throws TransportError when it is not the expected broker, or does not answer; the connection is destroyed
   */
  async identify(connection: BrokerConnection, ms: number, meant: Meant = ANY): Promise<void> {
    await connection.identification
    const expected = this.#expected(meant)
    if (expected === null || this.isIdentified(connection, meant)) return
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

  /** Null where no broker said which cluster it belongs to: then any is the right one. */
  #expected({ clusterId, nodeId }: Meant): ExpectedBroker | null {
    const expected = clusterId ?? this.clusterId
    return expected === null ? null : { clusterId: expected, nodeId }
  }
}
