// Made by `npm run build` from contracts/*.json (scripts/compile-contracts.ts).
declare module '#contracts' {
  import type { Contracts } from '../lib/contracts/contract.ts'

  export const contracts: Contracts
}
