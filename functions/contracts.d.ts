// scripts/build.ts compiles contracts/*.json into this module.
declare module '#contracts' {
  import type { Contracts } from '../lib/contracts/contract.ts'

  export const contracts: Contracts
}
