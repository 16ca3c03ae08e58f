// Contracts of a test's own, with their schemas compiled by the same Ajv as those of files.
import type { Contracts } from '../../lib/contracts/contract.ts'
import { type ContractFile, toContracts } from '../../lib/contracts/load-contracts.ts'
import { createSchemaCompiler } from '../../lib/contracts/schema-compiler.ts'

const compile = await createSchemaCompiler()

/** @throws Error listing what is wrong with a contract */
export function contractsOf(files: readonly ContractFile[]): Contracts {
  return toContracts(files, compile)
}
