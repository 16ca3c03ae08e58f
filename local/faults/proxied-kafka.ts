// A Kafka cluster that clients reach only through proxies, one per broker.
import { type KafkaOptions, LocalKafka } from '../kafka/cluster.ts'
import { TcpProxy } from './tcp-proxy.ts'

export interface ProxiedKafka {
  readonly kafka: LocalKafka
  readonly proxies: readonly TcpProxy[]
  /** The proxy of the first broker. */
  readonly proxy: TcpProxy
  /** The addresses of the proxies. */
  readonly bootstrapServers: string
  /**
   * Runs `work` while another cluster, with another id, answers at the addresses of the proxies. It keeps its data
   * until `stop`.
   */
  atOtherCluster<T>(work: () => Promise<T>): Promise<T>
  stop(): Promise<void>
}

export async function startProxiedKafka(
  brokers = 1,
  log: (line: string) => void = () => {},
  options: Pick<KafkaOptions, 'racks'> = {},
): Promise<ProxiedKafka> {
  const proxies = await Promise.all(Array.from({ length: brokers }, () => TcpProxy.listen()))
  const kafka = await LocalKafka.start(brokers, { ...options, log, advertisedPorts: proxies.map(({ port }) => port) })
  kafka.bootstrapServers.split(',').forEach((server, index) => {
    ;(proxies[index] as TcpProxy).targetPort = Number(server.split(':')[1])
  })
  /** The other cluster, a single broker behind all proxies. */
  let other: LocalKafka | undefined
  const stop = async () => {
    for (const proxy of proxies) proxy.close()
    await Promise.all([kafka.stop(), other?.stop()])
  }
  const atOtherCluster = async <T>(work: () => Promise<T>): Promise<T> => {
    other ??= await LocalKafka.start(1, { log, advertisedPorts: proxies.slice(0, 1).map(({ port }) => port) })
    const before = proxies.map(({ targetPort }) => targetPort)
    const moveTo = (ports: readonly number[]) => {
      for (const [index, proxy] of proxies.entries()) {
        proxy.targetPort = ports[index % ports.length] as number
        proxy.cut('rst')
      }
    }
    moveTo(other.bootstrapServers.split(',').map(server => Number(server.split(':')[1])))
    try {
      return await work()
    } finally {
      moveTo(before)
    }
  }
  return {
    kafka,
    proxies,
    proxy: proxies[0] as TcpProxy,
    bootstrapServers: proxies.map(({ port }) => `127.0.0.1:${port}`).join(','),
    atOtherCluster,
    stop,
  }
}
