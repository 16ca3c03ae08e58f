// Checks which broker of which cluster answers on a connection. An address may come to lead elsewhere: to a recreated
// cluster, or to another broker (through a load balancer, or because the address was reassigned). Producer ids and
// sequence numbers mean nothing there, so each connection is checked before its first Produce: with KIP-1242, or with
// Metadata for older brokers.
import type { TransportError } from '../../errors.ts'
import { errorCodeRow, transportError } from '../error-codes.ts'
import { addressOf } from './address.ts'
import { apiVersionsOf, checksIdentity } from './api-versions-protocol.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { type MetadataAnswer, metadata, metadataVersion } from './metadata-protocol.ts'
import type { ApiVersions } from './wire-protocol.ts'

export interface BrokerIdentity {
  /** Null if the broker does not report it. */
  readonly clusterId: string | null
  isBroker(nodeId: number): boolean
}

/** The broker that is expected to answer on a connection. */
export interface ExpectedBroker {
  readonly clusterId: string
  /** Undefined: any broker of the cluster. */
  readonly nodeId: number | undefined
}

/** Whether the ids differ. An unknown id (null) can't differ. */
export function isOther(clusterId: string | null, expected: string | null): boolean {
  return clusterId !== null && expected !== null && clusterId !== expected
}

export function isExpected(identity: BrokerIdentity, { clusterId, nodeId }: ExpectedBroker): boolean {
  return !isOther(identity.clusterId, clusterId) && (nodeId === undefined || identity.isBroker(nodeId))
}

/** Requests metadata. The answer also says which cluster it comes from. */
export async function askMetadata(
  connection: BrokerConnection,
  topics: readonly string[] | null,
  ms: number,
): Promise<MetadataAnswer> {
  // Requests the versions in the same round trip, because they decide the form of the next requests. If that fails, the
  // connection fails, too. Not while security.protocol may be wrong: Kafka would then close the connection 300 ms later
  // (refused-connection.ts).
  if (!connection.versions && !connection.hasListened) connection.askVersions(ms).catch(() => undefined)
  const request = metadata(topics, metadataVersion(connection.versions))
  const answer = await connection.call(request, ms, { sparesProduces: true })
  connection.identity = identityIn(answer, connection.address)
  return answer
}

/**
 * Returns once the broker is known to be the expected one, and sets `connection.identity`.
 * @param knownVersions the versions of another broker of the cluster, for a broker whose versions are unknown
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
  // Either the broker is older, or it is not the expected one; its metadata then shows whether broker or cluster
  // differs.
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

/** @returns undefined if the broker is too old to check its identity */
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

/**
 * Metadata does not name the broker that sent it, so it can only contradict: the expected broker has another address,
 * or this address belongs to another broker.
 */
function identityIn({ clusterId, brokers }: MetadataAnswer, address: string): BrokerIdentity {
  return {
    clusterId,
    isBroker: nodeId => brokers.every(broker => (broker.nodeId === nodeId) === (addressOf(broker) === address)),
  }
}

export function otherCluster(): TransportError {
  return transportError(
    'OTHER_CLUSTER',
    'A broker’s address leads to another cluster than before: the cluster was recreated, or the address was ' +
      'reassigned. The client looks up the brokers again at bootstrap.servers (KAFKA_BOOTSTRAP_SERVERS).',
    { retriable: true },
  )
}

function otherBroker(): TransportError {
  return transportError(
    'OTHER_BROKER',
    'A broker’s address leads to another broker of the cluster than the one that metadata names. ' +
      'Check the brokers’ advertised.listeners, and that no load balancer or proxy stands in front of them.',
    { retriable: true },
  )
}
