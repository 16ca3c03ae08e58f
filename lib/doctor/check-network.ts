import { lookup } from 'node:dns/promises'
import { connect, isIP } from 'node:net'
import { type Check, failed, ok, skipped } from './check.ts'

const TCP_MS = 3000

/** DNS and TCP of every bootstrap server. */
export async function checkNetwork(servers: readonly string[]): Promise<Check[]> {
  const checks = await Promise.all(servers.map(checkServer))
  return checks.flat()
}

async function checkServer(server: string): Promise<Check[]> {
  const colon = server.lastIndexOf(':')
  const host = server.slice(0, colon).replace(/^\[|\]$/g, '')
  const dns = await checkDns(server, host)
  if (dns.status === 'failed') return [dns, skipped(`TCP ${server}`, 'its name is not known')]
  return [dns, await checkTcp(server, host, Number(server.slice(colon + 1)))]
}

async function checkDns(server: string, host: string): Promise<Check> {
  const name = `DNS ${server}`
  if (isIP(host)) return skipped(name, 'an address')
  try {
    const addresses = await lookup(host, { all: true })
    return ok(name, `${addresses.length} address(es)`)
  } catch (error) {
    return failed(
      name,
      (error as NodeJS.ErrnoException).code ?? 'failed',
      'Check bootstrap.servers. In a VPC, its DNS must know the brokers (MSK: the same VPC, or a peering with DNS).',
    )
  }
}

function checkTcp(server: string, host: string, port: number): Promise<Check> {
  const name = `TCP ${server}`
  const begin = performance.now()
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const done = (check: Check) => {
      socket.destroy()
      resolve(check)
    }
    const advice = 'Check the port, the security groups of brokers and function, and the route between their subnets.'
    socket.setTimeout(TCP_MS, () => done(failed(name, `no answer in ${TCP_MS} ms`, advice)))
    socket.once('error', (error: NodeJS.ErrnoException) => done(failed(name, error.code ?? 'failed', advice)))
    socket.once('connect', () => done(ok(name, `${Math.round(performance.now() - begin)} ms`)))
  })
}
