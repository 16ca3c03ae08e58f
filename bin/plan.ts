import type { Command } from 'commander'
import { table, tell } from './output.ts'

/** docs.aws.amazon.com/msk/latest/developerguide/limits.html: with IAM, per broker. */
const LIMITS = {
  'kafka.t3.small': { connections: 300, perSecond: 4 },
  other: { connections: 3000, perSecond: 20 },
} as const
/** A sandbox has one connection to a broker that leads a partition, and one more while that waits for followers. */
const PER_BROKER = { usual: 1, most: 2 }

interface Options {
  readonly brokers: string
  readonly concurrency: string
  readonly instance: string
}

export function addPlan(program: Command): void {
  program
    .command('plan')
    .description('Whether the brokers admit as many connections as so many sandboxes make (Amazon MSK with IAM).')
    .requiredOption('--concurrency <n>', 'sandboxes at once, of all functions')
    .option('--brokers <n>', 'brokers of the cluster', '3')
    .option('--instance <type>', 'e.g. kafka.t3.small, kafka.m7g.large', 'kafka.m7g.large')
    .addHelpText('after', '\nExample:\n  kafka-producer plan --concurrency 200 --brokers 3 --instance kafka.m7g.large')
    .action(run)
}

function run(options: Options): void {
  const brokers = count('brokers', options.brokers)
  const concurrency = count('concurrency', options.concurrency)
  const limit = options.instance === 'kafka.t3.small' ? LIMITS['kafka.t3.small'] : LIMITS.other
  const most = concurrency * PER_BROKER.most
  const coldStartS = Math.ceil(concurrency / limit.perSecond)
  table([
    ['', 'planned', 'limit'],
    ['connections of one broker', `${concurrency * PER_BROKER.usual} to ${most}`, limit.connections],
    ['connections in all', `${brokers * concurrency} to ${brokers * most}`, limit.connections * brokers],
    ['new connections per second and broker, all at once', concurrency, limit.perSecond],
    ['seconds until the last sandbox is let in', coldStartS, ''],
  ])
  const isTooMany = most > limit.connections
  if (isTooMany)
    tell(
      `Too many: lower maximumConcurrency or reservedConcurrency to ${Math.floor(limit.connections / PER_BROKER.most)} in all, or take more or larger brokers.`,
    )
  else if (coldStartS > 1)
    tell(
      `A burst of ${concurrency} cold starts is admitted over ${coldStartS} s; refused connectionAttempts are tried again with full jitter (reconnect.backoff.ms to reconnect.backoff.max.ms), inside each record's deadline.`,
    )
  else tell('All of it fits.')
  if (isTooMany) process.exitCode = 1
}

function count(name: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new Error(`--${name}: expected a whole number above 0.`)
}
