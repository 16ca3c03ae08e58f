import type { Command } from 'commander'
import { doctor, isHealthy } from '../lib/doctor/doctor.ts'
import { contractsIn, environment, exportAwsVariables } from './environment.ts'
import { json, table } from './output.ts'

const SIGNS = { ok: 'ok', warning: 'warn', failed: 'FAIL', skipped: '-' } as const

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'Looks whether the configuration works from here: DNS, TCP, TLS, authentication, topics, rights, replication, dead letters, clock. Writes no record; a dead letter of its own is written and deleted.',
    )
    .option('--topic <topic...>', 'topics to look at (default: those of the contracts)')
    .option('--contracts <folder>', 'contracts', 'contracts')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  KAFKA_BOOTSTRAP_SERVERS=b1:9092,b2:9092 kafka-producer doctor --topic orders\nExit status 1 when something would keep records from arriving. In the deployed function: invoke redrive with {"doctor": true}.',
    )
    .action(async (options: { topic?: string[]; contracts: string; json?: boolean }) => {
      const topics = options.topic ?? [
        ...(await contractsIn(options.contracts, options.contracts !== 'contracts')).keys(),
      ]
      const env = environment()
      exportAwsVariables(env)
      const checks = await doctor(env, topics)
      if (options.json) json({ healthy: isHealthy(checks), checks })
      else
        table(
          checks.map(({ name, status, detail, advice }) => [
            SIGNS[status],
            name,
            advice ? `${detail} → ${advice}` : detail,
          ]),
        )
      if (!isHealthy(checks)) process.exitCode = 1
    })
}
