// A Kafka cluster that clients reach only through proxies, one per broker.
import { LocalKafka } from '../kafka/cluster.ts'
import { TcpProxy } from './tcp-proxy.ts'

export interface ProxiedKafka {
  readonly kafka: LocalKafka
  readonly proxies: readonly TcpProxy[]
  /** The proxy of the first broker. */
  readonly proxy: TcpProxy
  /** The addresses of the proxies. */
  readonly bootstrapServers: string
  stop(): Promise<void>
}

export async function startProxiedKafka(brokers = 1, log: (line: string) => void = () => {}): Promise<ProxiedKafka> {
  const proxies = await Promise.all(Array.from({ length: brokers }, () => TcpProxy.listen()))
  const kafka = await LocalKafka.start(brokers, { log, advertisedPorts: proxies.map(({ port }) => port) })
  kafka.bootstrapServers.split(',').forEach((server, index) => {
    ;(proxies[index] as TcpProxy).targetPort = Number(server.split(':')[1])
  })
  const stop = async () => {
    for (const proxy of proxies) proxy.close()
    await kafka.stop()
  }
  return {
    kafka,
    proxies,
    proxy: proxies[0] as TcpProxy,
    bootstrapServers: proxies.map(({ port }) => `127.0.0.1:${port}`).join(','),
    stop,
  }
}
