// Checks `bootstrap.servers`: entries are host:port or, in the form of Kafka's listeners, scheme://host:port.
type Problem = (text: string) => void

const ADDRESS = /^(?:([A-Za-z0-9_]+):\/\/)?((?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5}))$/
const PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']

export function readServers(where: string, input: unknown, problem: Problem): readonly string[] | undefined {
  const servers = partsOf(input)
  const addresses = servers.map(addressOf).filter(address => address !== undefined)
  const wrong = servers.length - addresses.length
  if (wrong === 0 && servers.length > 0) return Object.freeze([...new Set(addresses)])
  problem(
    `${where}: expected host:port, several separated by commas; ` +
      `got ${wrong} of ${servers.length} entries in another form.`,
  )
  return undefined
}

/**
 * A scheme that is a security protocol must equal `security.protocol`. Any other scheme is a listener's free name and
 * is ignored.
 */
export function checkSchemes(input: unknown, securityProtocol: unknown, problem: Problem): void {
  if (input === undefined || securityProtocol === undefined) return
  const schemes = partsOf(input).flatMap(server => ADDRESS.exec(server)?.[1]?.toUpperCase() ?? [])
  const other = schemes.find(scheme => PROTOCOLS.includes(scheme) && scheme !== securityProtocol)
  if (other !== undefined)
    problem(
      `security.protocol (KAFKA_SECURITY_PROTOCOL): expected ${other}, the scheme in bootstrap.servers; ` +
        `got ${securityProtocol}.`,
    )
}

function partsOf(input: unknown): readonly string[] {
  return (Array.isArray(input) ? input : String(input).split(','))
    .map(server => String(server).trim())
    .filter(server => server !== '')
}

function addressOf(server: string): string | undefined {
  const [, , address, port] = ADDRESS.exec(server) ?? []
  return Number(port) >= 1 && Number(port) <= 65_535 ? address : undefined
}
