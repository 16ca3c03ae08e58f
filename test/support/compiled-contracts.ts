// Provides what the build puts in the place of `#contracts`, so that a test can load the functions without a build.
import { registerHooks } from 'node:module'
import type { Contracts } from '../../lib/contracts/contract.ts'

/** Call it before the first import of a function that reads the compiled contracts. */
export function provideContracts(contracts: Contracts): void {
  Object.assign(globalThis, { compiledContracts: { contracts } })
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === '#contracts'
        ? { url: 'data:text/javascript,export const { contracts } = globalThis.compiledContracts', shortCircuit: true }
        : next(specifier, context),
  })
}
