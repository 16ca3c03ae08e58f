// Gets the brokers of an MSK cluster by its ARN (kafka:GetBootstrapBrokers), for the authentication and network in use.
// Source: docs.aws.amazon.com/msk/1.0/apireference/clusters-clusterarn-bootstrap-brokers.html
import type { GetBootstrapBrokersCommandOutput } from '@aws-sdk/client-kafka'
import type { ProducerConfig } from '../config/settings.ts'
import { ConfigError, TransportError } from '../errors.ts'
import { ifMissing, requirePackages } from '../optional-packages.ts'
import type { Deadline } from '../time/deadline.ts'
import { guardedWarn, type Warn } from '../warn.ts'
import { credentialsUnavailable, missingPackages } from './credentials-unavailable.ts'
import { mskRegion } from './msk-region.ts'

const REQUEST_MS = 3000
/** If no broker of the list answers, the list is requested again, at most once in this time, ms. */
const MIN_REFRESH_MS = 5000

export type MskBootstrapOptions = Pick<
  ProducerConfig,
  'mskClusterArn' | 'mskNetwork' | 'bootstrapServers' | 'securityProtocol' | 'saslMechanism'
>

export class MskBootstrap {
  readonly #options: MskBootstrapOptions
  readonly #warn: (text: string) => void
  #servers: readonly string[] | undefined
  #pending: Promise<readonly string[]> | undefined
  #refreshedAt = Number.NEGATIVE_INFINITY

  /** @throws ConfigError if a package that it needs is not installed */
  constructor(options: MskBootstrapOptions, warn?: Warn) {
    requirePackages('msk')
    this.#options = options
    this.#warn = guardedWarn(warn)
  }

  /**
   * @param isStale true if no known broker answers, so the list may be out of date
   * @throws TransportError if MSK returns no list and there is no fallback
   */
  async servers(deadline: Deadline, isStale: boolean): Promise<readonly string[]> {
    const mayRefresh = performance.now() - this.#refreshedAt > MIN_REFRESH_MS
    if (this.#servers && !(isStale && mayRefresh)) return this.#servers
    this.#pending ??= this.#request(deadline).finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  async #request(deadline: Deadline): Promise<readonly string[]> {
    try {
      const { KafkaClient, GetBootstrapBrokersCommand } = await import('@aws-sdk/client-kafka').catch(ifMissing('msk'))
      const region = mskRegion(this.#options)
      const client = new KafkaClient({ ...(region === undefined ? {} : { region }), maxAttempts: 2 })
      const abortSignal = AbortSignal.timeout(Math.max(1, Math.ceil(deadline.limitedTo(REQUEST_MS).remaining)))
      try {
        const answer = await client.send(new GetBootstrapBrokersCommand({ ClusterArn: this.#options.mskClusterArn }), {
          abortSignal,
        })
        this.#servers = pick(answer, this.#options)
        this.#refreshedAt = performance.now()
        return this.#servers
      } finally {
        client.destroy()
      }
    } catch (cause) {
      return this.#fallback(cause)
    }
  }

  /** Returns the previous list, or else bootstrap.servers. */
  #fallback(cause: unknown): readonly string[] {
    const fallback = this.#servers ?? this.#options.bootstrapServers
    const name = cause instanceof Error ? cause.name : 'Error'
    if (fallback.length > 0) {
      const reason = cause instanceof TransportError || cause instanceof ConfigError ? cause.message : name
      this.#warn(`MSK returned no bootstrap brokers for KAFKA_MSK_CLUSTER_ARN (${reason}); using the last known ones.`)
      return fallback
    }
    if (cause instanceof TransportError) throw cause
    if (cause instanceof ConfigError) throw missingPackages(cause)
    const isFatal = /NotFound|AccessDenied|Forbidden|Unauthorized|BadRequest|CredentialsProvider|Region/.test(
      `${name} ${(cause as Error).message}`,
    )
    throw new TransportError(
      isFatal ? 'authentication' : 'unreachable',
      `MSK returned no bootstrap brokers for KAFKA_MSK_CLUSTER_ARN (${name}): check that the role may ` +
        'kafka:GetBootstrapBrokers and that the ARN is the cluster’s; or set bootstrap.servers.',
      { causeCode: isFatal ? 'CREDENTIALS_UNAVAILABLE' : 'UNREACHABLE', retriable: !isFatal, cause },
    )
  }
}

const NETWORKS = { private: '', public: 'Public', 'vpc-connectivity': 'VpcConnectivity' } as const

/** @throws TransportError if the cluster has no brokers for the configured authentication and network */
function pick(
  answer: GetBootstrapBrokersCommandOutput,
  { securityProtocol, saslMechanism, mskNetwork }: MskBootstrapOptions,
): readonly string[] {
  const listener =
    securityProtocol === 'PLAINTEXT'
      ? ''
      : securityProtocol === 'SSL'
        ? 'Tls'
        : saslMechanism === 'AWS_MSK_IAM'
          ? 'SaslIam'
          : 'SaslScram'
  const field = `BootstrapBrokerString${NETWORKS[mskNetwork]}${listener}`
  const servers = (answer as unknown as Record<string, string | undefined>)[field]
  if (servers) return servers.split(',').map(server => server.trim())
  throw credentialsUnavailable(
    `The MSK cluster has no brokers for security.protocol ${securityProtocol}` +
      `${saslMechanism ? `, sasl.mechanism ${saslMechanism}` : ''}, KAFKA_MSK_NETWORK ${mskNetwork}: ` +
      'expected settings that the cluster supports.',
    false,
  )
}
