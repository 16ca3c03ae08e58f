// The brokers of an MSK cluster by its ARN (kafka:GetBootstrapBrokers): the list for the authentication and the network in use.
// Source: docs.aws.amazon.com/msk/1.0/apireference/clusters-clusterarn-bootstrap-brokers.html
import type { GetBootstrapBrokersCommandOutput } from '@aws-sdk/client-kafka'
import type { ProducerConfig } from '../config/settings.ts'
import { TransportError } from '../errors.ts'
import type { Deadline } from '../time/deadline.ts'
import { mskRegion } from './msk-region.ts'

const REQUEST_MS = 3000
/** A list that led nowhere is asked for again, at most once in this time. */
const AGAIN_AFTER_MS = 5000

export type MskBootstrapOptions = Pick<
  ProducerConfig,
  'mskClusterArn' | 'mskNetwork' | 'bootstrapServers' | 'securityProtocol' | 'saslMechanism'
>

export class MskBootstrap {
  readonly #options: MskBootstrapOptions
  readonly #warn: (text: string) => void
  #servers: readonly string[] | undefined
  #asking: Promise<readonly string[]> | undefined
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(options: MskBootstrapOptions, warn: (text: string) => void = () => {}) {
    this.#options = options
    this.#warn = warn
  }

  /**
   * @param isStale all known brokers are gone: another list is wanted
   * @throws TransportError when there is no list and no fallback
   */
  async servers(deadline: Deadline, isStale: boolean): Promise<readonly string[]> {
    const mayAsk = performance.now() - this.#askedAt > AGAIN_AFTER_MS
    if (this.#servers && !(isStale && mayAsk)) return this.#servers
    this.#asking ??= this.#ask(deadline).finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #ask(deadline: Deadline): Promise<readonly string[]> {
    try {
      const { KafkaClient, GetBootstrapBrokersCommand } = await import('@aws-sdk/client-kafka')
      const region = mskRegion(this.#options)
      const client = new KafkaClient({ ...(region === undefined ? {} : { region }), maxAttempts: 2 })
      const abortSignal = AbortSignal.timeout(Math.max(1, Math.ceil(deadline.limitedTo(REQUEST_MS).remaining)))
      try {
        const answer = await client.send(new GetBootstrapBrokersCommand({ ClusterArn: this.#options.mskClusterArn }), {
          abortSignal,
        })
        this.#servers = pick(answer, this.#options)
        this.#askedAt = performance.now()
        return this.#servers
      } finally {
        client.destroy()
      }
    } catch (cause) {
      return this.#fallback(cause)
    }
  }

  /** What was known before, else the given list. */
  #fallback(cause: unknown): readonly string[] {
    const fallback = this.#servers ?? this.#options.bootstrapServers
    const name = cause instanceof Error ? cause.name : 'Error'
    if (fallback.length > 0) {
      this.#warn(
        `MSK did not tell the brokers of KAFKA_MSK_CLUSTER_ARN (${cause instanceof TransportError ? cause.message : name}); those that are known are used.`,
      )
      return fallback
    }
    if (cause instanceof TransportError) throw cause
    const isFatal = /NotFound|AccessDenied|Forbidden|Unauthorized|BadRequest|CredentialsProvider|Region/.test(
      `${name} ${(cause as Error).message}`,
    )
    throw new TransportError(
      isFatal ? 'authentication' : 'unreachable',
      `MSK did not tell the brokers of KAFKA_MSK_CLUSTER_ARN (${name}): expected a role that may kafka:GetBootstrapBrokers, and the cluster’s own ARN; or set bootstrap.servers.`,
      { causeCode: isFatal ? 'CREDENTIALS_UNAVAILABLE' : 'UNREACHABLE', retriable: !isFatal, cause },
    )
  }
}

const NETWORKS = { private: '', public: 'Public', 'vpc-connectivity': 'VpcConnectivity' } as const

/** @throws TransportError when the cluster has no brokers for the authentication and network that are set */
function pick(
  answer: GetBootstrapBrokersCommandOutput,
  { securityProtocol, saslMechanism, mskNetwork }: MskBootstrapOptions,
): readonly string[] {
  const door =
    securityProtocol === 'PLAINTEXT'
      ? ''
      : securityProtocol === 'SSL'
        ? 'Tls'
        : saslMechanism === 'AWS_MSK_IAM'
          ? 'SaslIam'
          : 'SaslScram'
  const field = `BootstrapBrokerString${NETWORKS[mskNetwork]}${door}`
  const servers = (answer as unknown as Record<string, string | undefined>)[field]
  if (servers) return servers.split(',').map(server => server.trim())
  throw new TransportError(
    'authentication',
    `The MSK cluster has no brokers for security.protocol ${securityProtocol}${saslMechanism ? `, sasl.mechanism ${saslMechanism}` : ''}, KAFKA_MSK_NETWORK ${mskNetwork}: expected settings that the cluster offers.`,
    { causeCode: 'CREDENTIALS_UNAVAILABLE' },
  )
}
