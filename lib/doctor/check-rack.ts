// Checks whether `client.rack` is a rack of the brokers: a misspelt one causes no error, only cross-zone traffic that
// costs money.
import { LAMBDA_ZONE } from '../client-rack.ts'
import type { ProducerConfig } from '../config/settings.ts'
import { ok, type Report, warning } from './check.ts'

/** @param racks node id → rack */
export function checkRack(
  { partitionerRackAware, clientRack }: ProducerConfig,
  racks: ReadonlyMap<number, string> = new Map(),
  report: Report,
): void {
  if (!partitionerRackAware) return
  const rack = clientRack.trim()
  const names = [...racks.values()]
  const there = `brokers are in ${[...new Set(names)].sort().join(', ')}`
  if (names.length === 0)
    report(warning('client.rack', 'no broker has a rack', 'Set broker.rack, or leave partitioner.rack.aware off.'))
  else if (rack === LAMBDA_ZONE || names.includes(rack)) report(ok('client.rack', `${rack}; ${there}`))
  else report(warning('client.rack', `no broker is in ${rack}; ${there}`, 'Set client.rack to one of these.'))
}
