#!/usr/bin/env node
// The kafka-producer command. Each subcommand has its own file.
import { Command } from 'commander'
import { addContracts } from './contracts.ts'
import { addDeadLetters } from './dead-letters.ts'
import { addDoctor } from './doctor.ts'
import { printMessage } from './output.ts'
import { addPlan } from './plan.ts'
import { addRedrive } from './redrive.ts'
import { addSend } from './send.ts'

const program = new Command('kafka-producer')
  .description(
    'Sends records to Kafka, inspects dead letters and redrives them. Settings come from the environment (KAFKA_…).',
  )
  .showHelpAfterError()
addSend(program)
addDeadLetters(program)
addRedrive(program)
addDoctor(program)
addContracts(program)
addPlan(program)
await program.parseAsync().catch(error => {
  printMessage(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
})
// Does not wait until AWS clients and Kafka connections have closed their sockets.
process.exit()
