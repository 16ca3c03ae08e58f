// contracts check and types.
import type { Command } from 'commander'
import { loadContracts } from '../lib/contracts/load-contracts.ts'
import { ConfigError } from '../lib/errors.ts'
import { printContractTypes } from './contract-types.ts'
import { counted, printMessage, printTable } from './output.ts'

export function addContracts(program: Command): void {
  const contracts = program.command('contracts').description('Checks contracts, or prints their types.')
  contracts
    .command('check')
    .argument('[folder]', 'folder of the contracts', 'contracts')
    .description('Checks every contract and prints its problems.')
    .action(async (folder: string) => {
      const loaded = await loadContracts(folder).catch((error: unknown) => {
        // A wrong contract is a result of the check, not wrong use of the command.
        if (!(error instanceof ConfigError)) throw error
        throw new Error(error.message)
      })
      const feeds = [...loaded.values()].map(({ topic, key, http, sqs, eventbridge }) => [
        topic,
        key.required ? 'required' : 'optional',
        http ? 'http' : '-',
        sqs.map(({ queue }) => queue).join(' ') || '-',
        eventbridge.length,
      ])
      printTable([['topic', 'key', 'http', 'queues', 'event rules'], ...feeds])
      printMessage(`${counted(loaded.size, 'valid contract')}.`)
    })
  contracts
    .command('types')
    .argument('[folder]', 'folder of the contracts', 'contracts')
    .description(
      'Prints a TypeScript type per topic, derived from its schema; asks the registry for one that is there.',
    )
    .addHelpText('after', '\nExample:\n  kafka-producer contracts types > contract-types.ts')
    .action(printContractTypes)
}
