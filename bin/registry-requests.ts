// Counts the requests to schema registries per cold start: one for each schema that the contracts need for keys and
// values, none for a schema whose id the build has pinned.
import type { Contracts } from '../lib/contracts/contract.ts'
import type { RegistryUse } from '../lib/serialize/value-codec.ts'

/**
 * The requests of a sandbox that sends to every topic. A schema that imports others needs one more request for each.
 */
export function registryRequests(contracts: Contracts): Readonly<Record<RegistryUse['registry'], number>> {
  const count = { confluent: 0, glue: 0 }
  for (const { key, value } of contracts.values())
    for (const uses of [key.codec?.uses, value.codec.uses]) if (uses && !uses.isPinned) count[uses.registry]++
  return count
}
