// The contracts of a test, whose schemas are compiled as those of files are.
import type { Contracts } from '../../lib/contracts/contract.ts'
import { type ContractFile, toContracts } from '../../lib/contracts/load-contracts.ts'
import type { ContractParts } from '../../lib/contracts/parse-contract.ts'
import { createSchemaCompiler } from '../../lib/contracts/schema-compiler.ts'

const compile = await createSchemaCompiler()

/**
 * @param parts the formats of schema registries, for contracts that name one
 * @throws Error that lists what is wrong with a contract
 */
export function contractsOf(
  files: readonly { readonly topic: string; readonly json: object }[],
  parts?: Pick<ContractParts, 'formats' | 'readSchema'>,
): Contracts {
  return toContracts(files as readonly ContractFile[], compile, parts)
}

/** Contracts without a required key. @param feeds the `from` of each topic */
export function contractsFedBy(feeds: Readonly<Record<string, object>>): Contracts {
  return contractsOf(
    Object.entries(feeds).map(([topic, from]) => ({ topic, json: { key: { required: false }, from } })),
  )
}
