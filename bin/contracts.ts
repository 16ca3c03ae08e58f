// The subcommands contracts check, diff and types.
import type { Command } from 'commander'
import type { Contracts } from '../lib/contracts/contract.ts'
import { loadContracts } from '../lib/contracts/load-contracts.ts'
import { ConfigError } from '../lib/errors.ts'
import { checkRegistries } from './check-registry.ts'
import { printContractTypes } from './contract-types.ts'
import { diffRegistries } from './diff-registry.ts'
import { configuration, environment, exportAwsVariables } from './environment.ts'
import { SOME_REMAIN } from './exit.ts'
import { counted, printLines, printMessage, printTable } from './output.ts'

/**
 * Checks that a serializer can be created from each schema.
 * @throws Error that lists the schemas with which no record can be written
 */
async function checkSchemas(contracts: Contracts): Promise<void> {
  const env = environment()
  exportAwsVariables(env)
  const checks = await checkRegistries(contracts, await configuration(env, false))
  printTable([
    ['topic', 'part', 'subject', 'registry'],
    ...checks.map(({ topic, part, subject, result, isOk }) => [topic, part, subject, isOk ? result : 'problem']),
  ])
  const problems = checks.filter(({ isOk }) => !isOk)
  if (problems.length > 0)
    throw new Error(problems.map(({ topic, part, result }) => `contracts/${topic}.json: ${part}: ${result}`).join('\n'))
}

/** Prints the differences. Sets exit status 1 if a schema differs, as the diff command does. */
async function printDiffs(folder: string): Promise<void> {
  const contracts = await loadContracts(folder)
  const env = environment()
  exportAwsVariables(env)
  const diffs = await diffRegistries(contracts, await configuration(env, false))
  for (const { topic, part, subject, title, lines } of diffs)
    if (lines.length > 0) await printLines([`contracts/${topic}.json: ${part}, ${subject}: ${title}`, ...lines, ''])
  const problems = diffs.flatMap(({ topic, part, problem }) =>
    problem === undefined ? [] : [`contracts/${topic}.json: ${part}: ${problem}`],
  )
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const changed = diffs.filter(({ lines }) => lines.length > 0)
  printMessage(`${counted(changed.length, 'schema')} of ${diffs.length} differ from the latest version.`)
  if (changed.length > 0) process.exitCode = SOME_REMAIN
}

export function addContracts(program: Command): void {
  const contracts = program
    .command('contracts')
    .description('Checks contracts, compares them with registries, or prints their types.')
  contracts
    .command('check')
    .argument('[folder]', 'folder of the contracts', 'contracts')
    .option('--registry', 'ask the schema registries whether they have the contracts’ schemas or would accept them')
    .description('Checks every contract and prints its problems.')
    .action(async (folder: string, { registry }: { registry?: boolean }) => {
      const loaded = await loadContracts(folder).catch((error: unknown) => {
        // A wrong contract is a result of the check (status 1), not wrong use of the command (status 2).
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
      if (registry) await checkSchemas(loaded)
    })
  contracts
    .command('diff')
    .argument('[folder]', 'folder of the contracts', 'contracts')
    .description(
      'Compares the schema files and versions that contracts name with the latest version of their subjects. ' +
        'Exits with status 1 if one differs.',
    )
    .action(printDiffs)
  contracts
    .command('types')
    .argument('[folder]', 'folder of the contracts', 'contracts')
    .description('Prints a TypeScript type per topic, derived from its schema, which may come from a schema registry.')
    .addHelpText('after', '\nExample:\n  kafka-producer contracts types > contract-types.ts')
    .action(printContractTypes)
}
