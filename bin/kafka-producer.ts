#!/usr/bin/env node
// The kafka-producer command. Each subcommand has its own file.
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
  .showHelpAfterError()
  // Commander's own exit would cut the output.
  .exitOverride()
addSend(program)
addDeadLetters(program)
addRedrive(program)
addDoctor(program)
addContracts(program)
addPlan(program)
await runToExit(() => program.parseAsync())
