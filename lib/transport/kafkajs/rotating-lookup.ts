// Rotates the addresses of a host name. A name may have several addresses (a network load balancer has one per zone),
// of which one accepts connections but never answers. Node tries the next address only if one refuses, so each failed
// connection moves the list on. As Kafka's default `client.dns.lookup=use_all_dns_ips` (KIP-302).
import dns from 'node:dns'
import type { LookupFunction } from 'node:net'

/** @param offset how many addresses to move from the front of the list to its end */
export function rotatingLookup(offset: number): LookupFunction {
  return (hostname, options, callback) => {
    dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const first = addresses?.[offset % addresses.length]
      if (error || !first) return callback(error, [])
      const start = addresses.indexOf(first)
      if (options.all) callback(null, [...addresses.slice(start), ...addresses.slice(0, start)])
      else callback(null, first.address, first.family)
    })
  }
}
