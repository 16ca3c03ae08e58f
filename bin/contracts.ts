import type { Command } from 'commander'
import { loadContracts, readContractFiles } from '../lib/contracts/load-contracts.ts'
import { table, tell } from './output.ts'

export function addContracts(program: Command): void {
  const contracts = program.command('contracts').description('Contracts: one file per topic.')
  contracts
    .command('check')
    .argument('[folder]', 'where they are', 'contracts')
    .description('Reads every contract and says what is wrong with it.')
    .action(async (folder: string) => {
      const loaded = await loadContracts(folder)
      const feeds = [...loaded.values()].map(({ topic, key, http, sqs, eventbridge }) => [
        topic,
        key.required ? 'required' : 'optional',
        http ? 'http' : '-',
        sqs.map(({ queue }) => queue).join(' ') || '-',
        eventbridge.length,
      ])
      table([['topic', 'key', 'http', 'queues', 'event rules'], ...feeds])
      tell(`${loaded.size} contract(s) hold.`)
    })
  contracts
    .command('types')
    .argument('[folder]', 'where they are', 'contracts')
    .description('Prints a TypeScript type per topic, from its JSON Schema.')
    .addHelpText('after', '\nExample:\n  kafka-producer contracts types > contract-types.ts')
    .action(types)
}

async function types(folder: string): Promise<void> {
  await loadContracts(folder)
  const { compile } = await import('json-schema-to-typescript').catch(() => {
    throw new Error('contracts types needs a package more: npm install json-schema-to-typescript')
  })
  for (const { topic, json } of readContractFiles(folder)) {
    const schema = json.value?.schema
    const name = topic.replaceAll(/(?:^|[^A-Za-z0-9]+)(.)/g, (_, next: string) => next.toUpperCase())
    if (typeof schema !== 'object' || schema === null) process.stdout.write(`export type ${name} = unknown\n\n`)
    else
      process.stdout.write(
        `${await compile({ ...schema, title: name }, name, { bannerComment: `/** Topic ${topic}. */`, additionalProperties: true })}\n`,
      )
  }
}
