// plan: checks whether Amazon MSK admits the connections of a number of sandboxes, and counts their requests to schema
// registries.
import type { Command } from 'commander'
import { contractsIn } from './environment.ts'
import { WrongUse } from './exit.ts'
import { mskQuotaOf } from './msk-quotas.ts'
import { printMessage, printTable } from './output.ts'
import { sandboxesOfPackage } from './package-sandboxes.ts'
import { registryRequests } from './registry-requests.ts'

/**
 * A sandbox has one connection to each broker that leads a partition, and a second one while the first waits for
 * followers.
 */
const PER_BROKER = { usual: 1, max: 2 }

interface Options {
  readonly brokers: string
  readonly concurrency?: string
  readonly package?: string
  readonly instance: string
  readonly contracts: string
}

export function addPlan(program: Command): void {
  program
    .command('plan')
    .description(
      [
        'Checks whether Amazon MSK with IAM admits the connections of this many sandboxes, and counts the requests',
        'that they send to schema registries when they start.',
      ].join(' '),
    )
    .option('--concurrency <n>', 'concurrent sandboxes; with --package, of the functions without a limit')
    .option('--package <folder>', 'folder of a package: reads the limits of functions, queues and pollers')
    .option('--brokers <n>', 'brokers of the cluster', '3')
    .option('--instance <type>', 'e.g. kafka.t3.small, kafka.m7g.large', 'kafka.m7g.large')
    .option('--contracts <folder>', 'folder of the contracts', 'contracts')
    .addHelpText(
      'after',
      [
        '\nExamples:',
        '  kafka-producer plan --concurrency 200 --brokers 3 --instance kafka.m7g.large',
        '  kafka-producer plan --package packages/1.4.0 --concurrency 100',
      ].join('\n'),
    )
    .action(run)
}

async function run(options: Options): Promise<void> {
  const brokers = count('brokers', options.brokers)
  const concurrency = concurrencyOf(options)
  const limit = mskQuotaOf(options.instance)
  if (limit === undefined) {
    const expected = 'a type of an MSK broker, such as kafka.t3.small or kafka.m7g.large'
    throw new WrongUse(`--instance: expected ${expected}; got ${JSON.stringify(options.instance)}.`)
  }
  const maxConnections = concurrency * PER_BROKER.max
  const requests = registryRequests(await contractsIn(options.contracts, options.contracts !== 'contracts'))
  const coldStartS = Math.ceil(concurrency / limit.perSecond)
  printTable([
    ['', 'planned', 'limit'],
    ['connections per broker', `${concurrency * PER_BROKER.usual} to ${maxConnections}`, limit.connections],
    ['connections in total', `${brokers * concurrency} to ${brokers * maxConnections}`, limit.connections * brokers],
    ['new connections per broker in a burst, per second', concurrency, limit.perSecond],
    ['seconds until the last sandbox is connected', coldStartS, ''],
    ...registryRows('Confluent’s registry', requests.confluent, concurrency),
    ...registryRows('AWS Glue', requests.glue, concurrency),
  ])
  const isTooMany = maxConnections > limit.connections
  if (isTooMany)
    printMessage(
      [
        'Too many connections. Lower maximumConcurrency or reservedConcurrency to',
        `${Math.floor(limit.connections / PER_BROKER.max)} in total, or use more or larger brokers.`,
      ].join(' '),
    )
  else if (coldStartS > 1)
    printMessage(
      [
        `MSK admits a burst of ${concurrency} cold starts over ${coldStartS} s. Refused connections are retried with`,
        "full jitter (reconnect.backoff.ms to reconnect.backoff.max.ms) until each record's deadline.",
      ].join(' '),
    )
  else printMessage('All connections are within the limits.')
  if (requests.confluent + requests.glue > 0)
    printMessage(
      [
        'A sandbox requests each schema once, when it first sends to the topic, and each schema that this one',
        'imports. It requests no schema that is pinned (npm run package -- --pin-schemas).',
      ].join(' '),
    )
  if (isTooMany) process.exitCode = 1
}

function registryRows(registry: string, requests: number, concurrency: number): [string, number, string][] {
  if (requests === 0) return []
  return [
    [`requests to ${registry} per cold start, at most`, requests, ''],
    [`requests to ${registry} in a burst, at most`, requests * concurrency, ''],
  ]
}

/** Returns the concurrent sandboxes of all functions. Prints a table of those of a package. */
function concurrencyOf({ concurrency: text, package: folder }: Options): number {
  const concurrency = text === undefined ? undefined : count('concurrency', text)
  if (folder === undefined) {
    if (concurrency === undefined) throw new WrongUse('Expected --concurrency or --package, got neither.')
    return concurrency
  }
  const functions = sandboxesOfPackage(folder)
  const unlimited = functions.filter(({ sandboxes }) => sandboxes === undefined).map(({ name }) => name)
  if (unlimited.length > 0 && concurrency === undefined)
    throw new WrongUse(
      `--concurrency: expected the concurrent sandboxes of ${unlimited.join(' and ')}, ` +
        'which have neither reserved concurrency nor a queue with a limit; got none.',
    )
  if (unlimited.length === 0 && concurrency !== undefined)
    throw new WrongUse('--concurrency: expected none, as every function of the package has a limit; got one.')
  printTable([
    ['function', 'sandboxes at most'],
    ...functions.map(({ name, sandboxes }) => [name, sandboxes ?? 'no limit, in --concurrency']),
  ])
  return functions.reduce((sum, { sandboxes = 0 }) => sum + sandboxes, concurrency ?? 0)
}

function count(name: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new WrongUse(`--${name}: expected a whole number from 1 to 9999999, got ${JSON.stringify(text)}.`)
}
