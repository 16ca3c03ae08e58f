// One broker that clients reach only through a proxy.
import { LocalKafka } from '../kafka/cluster.ts'
import { TcpProxy } from './tcp-proxy.ts'

export interface ProxiedKafka {
  readonly kafka: LocalKafka
  readonly proxy: TcpProxy
  readonly bootstrapServers: string
  stop(): Promise<void>
}

export async function startProxiedKafka(): Promise<ProxiedKafka> {
  const proxy = await TcpProxy.listen()
  const kafka = await LocalKafka.start(1, { advertisedPort: proxy.port })
  proxy.targetPort = Number(kafka.bootstrapServers.split(':')[1])
  const stop = async () => {
    proxy.close()
    await kafka.stop()
  }
  return { kafka, proxy, bootstrapServers: `127.0.0.1:${proxy.port}`, stop }
}
