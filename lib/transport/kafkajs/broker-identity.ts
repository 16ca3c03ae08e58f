// Which broker of which cluster answers on a connection. An address may come to lead elsewhere: to a cluster that was
// made anew, or to another broker (a load balancer, an address that was given away). Producer ids and sequences mean
// nothing there, so each connection is asked before its first Produce. KIP-1242, and Metadata for older brokers.
import type { TransportError } from '../../errors.ts'
import { errorCodeRow, transportError } from '../error-codes.ts'
import { addressOf } from './address.ts'
import { apiVersionsOf, checksIdentity } from './api-versions-protocol.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { type MetadataAnswer, metadata, metadataVersion } from './metadata-protocol.ts'
import type { ApiVersions } from './wire-protocol.ts'

export interface BrokerIdentity {
  /** Null where the broker does not say. */
  readonly clusterId: string | null
  isBroker(nodeId: number): boolean
}

/** The broker that a connection is meant for. */
export interface ExpectedBroker {
  readonly clusterId: string
  /** Undefined: any broker of the cluster. */
  readonly nodeId: number | undefined
}

/** A null or empty id is not known, so it is the same as any. */
export function isOther(clusterId: string | null, expected: string | null): boolean {
  return clusterId !== null && expected !== null && clusterId !== expected
}

export function isExpected(identity: BrokerIdentity, { clusterId, nodeId }: ExpectedBroker): boolean {
  return !isOther(identity.clusterId, clusterId) && (nodeId === undefined || identity.isBroker(nodeId))
}

/** Asks for metadata; the answer also says who gave it. */
export async function askMetadata(
  connection: BrokerConnection,
  topics: readonly string[] | null,
  ms: number,
): Promise<MetadataAnswer> {
  // In the same round trip: what the broker knows decides about the next requests. If it fails, so does the connection.
  // Where security.protocol may be wrong, Kafka would close the connection 300 ms later for it (refused-connection.ts).
  if (!connection.versions && !connection.hasListened) connection.askVersions(ms).catch(() => undefined)
  const request = metadata(topics, metadataVersion(connection.versions))
  const answer = await connection.call(request, ms, { sparesProduces: true })
  connection.identity = identityIn(answer, connection.address)
  return answer
}

/**
 * Returns once the broker is known to be the expected one; `connection.identity` is set then.
 * @param knownVersions what another broker of the cluster knows, in case this one was not asked
 * @throws TransportError OTHER_CLUSTER, OTHER_BROKER, or why there was no answer; the connection is destroyed
 */
export async function identify(
  connection: BrokerConnection,
  expected: ExpectedBroker,
  knownVersions: ApiVersions | undefined,
  ms: number,
): Promise<void> {
  const { clusterId, nodeId } = expected
  const mayAsk = checksIdentity(connection.versions ?? knownVersions)
  const isConfirmed =
    nodeId !== undefined && mayAsk ? await isConfirmedBy(connection, clusterId, nodeId, ms) : undefined
  if (isConfirmed) return
  // An older broker; or one that is not the expected one, whose metadata says which of both is wrong.
  const answer = await askMetadata(connection, [], ms)
  const error = isOther(answer.clusterId, clusterId)
    ? otherCluster()
    : isConfirmed === false || !isExpected(connection.identity as BrokerIdentity, expected)
      ? otherBroker()
      : undefined
  if (!error) return
  connection.destroy(error.causeCode as string)
  throw error
}

/** @returns undefined if the broker does not know the question: it is older than the others */
async function isConfirmedBy(
  connection: BrokerConnection,
  clusterId: string,
  nodeId: number,
  ms: number,
): Promise<boolean | undefined> {
  const { errorCode, versions } = await connection.call(apiVersionsOf({ clusterId, nodeId }), ms)
  if (errorCode === 0) {
    connection.versions = versions
    connection.identity = { clusterId, isBroker: id => id === nodeId }
    return true
  }
  return errorCodeRow(errorCode).name === 'REBOOTSTRAP_REQUIRED' ? false : undefined
}

/** Metadata does not name its sender, so it can only contradict: another address of the broker, another broker here. */
function identityIn({ clusterId, brokers }: MetadataAnswer, address: string): BrokerIdentity {
  return {
    clusterId,
    isBroker: nodeId => brokers.every(broker => (broker.nodeId === nodeId) === (addressOf(broker) === address)),
  }
}

export function otherCluster(): TransportError {
  return transportError(
    'OTHER_CLUSTER',
    'The address of a broker leads to another cluster than before: the cluster was made anew, or the address was ' +
      'given away. The brokers are looked up again at bootstrap.servers (KAFKA_BOOTSTRAP_SERVERS).',
    { retriable: true },
  )
}

function otherBroker(): TransportError {
  return transportError(
    'OTHER_BROKER',
    'The address of a broker leads to another broker of the cluster: expected the one that metadata names there. ' +
      'Check the brokers’ advertised.listeners, and that no load balancer or proxy stands in front of them.',
    { retriable: true },
  )
}
