// The kafka-producer command. Each subcommand has its own file.
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { Command } from 'commander'
import { addContracts } from './contracts.ts'
import { addDeadLetters } from './dead-letters.ts'
import { addDoctor } from './doctor.ts'
import { EXIT_STATUS, listenToSignals, runToExit } from './exit.ts'
import { addPlan } from './plan.ts'
import { addRedrive } from './redrive.ts'
import { addSend } from './send.ts'

listenToSignals()
const program = new Command('kafka-producer')
  .description(
    [
      'Sends records to Kafka, inspects dead letters and redrives them. Settings come from the environment (KAFKA_…).',
      `Exit status: ${EXIT_STATUS}`,
    ].join('\n'),
  )
  .version(packageVersion(), '--version', 'print the version')
  .showHelpAfterError()
  // By default Commander calls process.exit(), which would cut off output that is not yet written.
  .exitOverride()
addSend(program)
addDeadLetters(program)
addRedrive(program)
addDoctor(program)
addContracts(program)
addPlan(program)
await runToExit(() => program.parseAsync())

function packageVersion(): string {
  const path = findPackageJSON('..', import.meta.url)
  if (path === undefined) throw new Error('The package.json of kafka-producer is missing. Reinstall the package.')
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
