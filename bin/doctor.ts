// doctor: checks whether the configuration works from this machine.
import type { Command } from 'commander'
import type { Check } from '../lib/doctor/check.ts'
import { doctor, isHealthy } from '../lib/doctor/doctor.ts'
import { contractsIn, environment, exportAwsVariables } from './environment.ts'
import { stoppable } from './exit.ts'
import { fixedRow, printJson } from './output.ts'

const STATUS_LABELS = { ok: 'ok', warning: 'warn', failed: 'FAIL', skipped: '-' } as const
const WIDTHS = [4, 36]

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      [
        'Checks whether the configuration works from this machine: DNS, TCP, TLS, authentication, topics, permissions,',
        'replication, dead letters, schemas in their registries, clock. Writes no record and registers no schema;',
        'writes a dead letter to each target except kafka: and deletes it. Ends within 15 s.',
      ].join(' '),
    )
    .option('--topic <topic...>', 'topics to check (default: the topics of the contracts)')
    .option('--contracts <folder>', 'folder of the contracts', 'contracts')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Example:
  KAFKA_BOOTSTRAP_SERVERS=b1:9092,b2:9092 kafka-producer doctor --topic orders
Exits with status 1 if a problem would prevent delivery. To check a deployed function, invoke redrive with
{"doctor": true}.`,
    )
    .action(stoppable(check))
}

async function check(options: { topic?: string[]; contracts: string; json?: boolean }): Promise<void> {
  const contracts = await contractsIn(options.contracts, options.contracts !== 'contracts')
  const topics = options.topic ?? [...contracts.keys()]
  const env = environment()
  exportAwsVariables(env)
  const printCheck = ({ status, name, detail, advice }: Check) =>
    process.stdout.write(fixedRow([STATUS_LABELS[status], name, advice ? `${detail} → ${advice}` : detail], WIDTHS))
  const checks = await doctor(env, topics, { contracts, ...(options.json ? {} : { onCheck: printCheck }) })
  if (options.json) printJson({ healthy: isHealthy(checks), checks })
  if (!isHealthy(checks)) process.exitCode = 1
}
