// Checks DNS and TCP of the bootstrap servers, and of the addresses that the brokers advertise.
import { lookup } from 'node:dns/promises'
import { connect, isIP } from 'node:net'
import { failed, ok, type Report, skipped } from './check.ts'

const TCP_MS = 3000
const TCP_ADVICE = 'Check the port, the security groups of brokers and function, and the route between their subnets.'
const ADVERTISED_ADVICE =
  'Clients use the address that the broker advertises (advertised.listeners), not that of bootstrap.servers: it has ' +
  'to be one that this machine can resolve and reach.'

/** Reports DNS and TCP of every bootstrap server. */
export async function checkNetwork(servers: readonly string[], report: Report): Promise<void> {
  await Promise.all(servers.map(server => checkServer(server, report)))
}

/** Reports one line per broker: whether the address that it advertises can be resolved and reached. */
export async function checkAdvertised(brokers: ReadonlyMap<number, string>, report: Report): Promise<void> {
  await Promise.all(
    [...brokers].map(async ([nodeId, address]) => {
      const name = `broker ${nodeId} ${address}`
      const { host, port } = splitAddress(address)
      const dns = await resolve(host)
      if (dns.kind === 'failed') return report(failed(name, dns.code, ADVERTISED_ADVICE))
      const tcp = await reach(host, port)
      report(tcp.kind === 'failed' ? failed(name, tcp.code, ADVERTISED_ADVICE) : ok(name, `advertised, ${tcp.ms} ms`))
    }),
  )
}

async function checkServer(server: string, report: Report): Promise<void> {
  const { host, port } = splitAddress(server)
  const [dnsName, tcpName] = [`DNS ${server}`, `TCP ${server}`]
  const dns = await resolve(host)
  if (dns.kind === 'failed') {
    report(
      failed(
        dnsName,
        dns.code,
        'Check bootstrap.servers. In a VPC, its DNS must know the brokers (MSK: the same VPC, or a peering with DNS).',
      ),
    )
    return report(skipped(tcpName, 'its name can’t be resolved'))
  }
  report(dns.addresses === 0 ? skipped(dnsName, 'an address') : ok(dnsName, `${dns.addresses} address(es)`))
  const tcp = await reach(host, port)
  report(tcp.kind === 'failed' ? failed(tcpName, tcp.code, TCP_ADVICE) : ok(tcpName, `${tcp.ms} ms`))
}

interface Failure {
  readonly kind: 'failed'
  /** E.g. `ENOTFOUND`, `ECONNREFUSED`. */
  readonly code: string
}

/** `host:port` or `[::1]:port` */
function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) }
}

/** @returns how many addresses the name resolves to; 0 if the host is an IP address */
async function resolve(host: string): Promise<{ readonly kind: 'ok'; readonly addresses: number } | Failure> {
  if (isIP(host)) return { kind: 'ok', addresses: 0 }
  try {
    return { kind: 'ok', addresses: (await lookup(host, { all: true })).length }
  } catch (error) {
    return { kind: 'failed', code: (error as NodeJS.ErrnoException).code ?? 'failed' }
  }
}

function reach(host: string, port: number): Promise<{ readonly kind: 'ok'; readonly ms: number } | Failure> {
  const begin = performance.now()
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const done = (result: { kind: 'ok'; ms: number } | Failure) => {
      socket.destroy()
      resolve(result)
    }
    socket.setTimeout(TCP_MS, () => done({ kind: 'failed', code: `no answer in ${TCP_MS} ms` }))
    socket.once('error', (error: NodeJS.ErrnoException) => done({ kind: 'failed', code: codeOf(error) }))
    socket.once('connect', () => done({ kind: 'ok', ms: Math.round(performance.now() - begin) }))
  })
}

/** A name with several addresses fails with an AggregateError, one error per address. */
function codeOf(error: NodeJS.ErrnoException): string {
  const inner = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException | undefined) : undefined
  return error.code ?? inner?.code ?? 'failed'
}
