#!/usr/bin/env node
// The kafka-producer command. Each subcommand is a file; nothing is decided here.
import { Command } from 'commander'
import { addContracts } from './contracts.ts'
import { addDeadLetters } from './dead-letters.ts'
import { addDoctor } from './doctor.ts'
import { tell } from './output.ts'
import { addPlan } from './plan.ts'
import { addRedrive } from './redrive.ts'
import { addSend } from './send.ts'

const program = new Command('kafka-producer')
  .description(
    'Sends records to Kafka, looks at dead letters and sends them again. Settings are those of the environment (KAFKA_…).',
  )
  .showHelpAfterError()
addSend(program)
addDeadLetters(program)
addRedrive(program)
addDoctor(program)
addContracts(program)
addPlan(program)
await program.parseAsync().catch(error => {
  tell(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
})
// Lambda's clients and Kafka's sockets may be on their way out.
process.exit()
