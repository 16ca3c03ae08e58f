// The options by which every command chooses dead letters.
import type { Command } from 'commander'
import { ConfigError } from '../lib/errors.ts'
import { parseRedriveRequest, type RedriveRequest } from '../lib/redrive/redrive-request.ts'
import { WrongUse } from './exit.ts'

/** The values of a command's options, by their camelCase names. */
export type Options = Readonly<Record<string, string | string[] | boolean | undefined>>

/** The request's field name of each option whose name is different. */
const FIELD_OF: Readonly<Record<string, string>> = { deadLetter: 'deadLetterId' }
const OPTION_OF = new Map(Object.entries(FIELD_OF).map(([option, field]) => [field, option]))

const FILTERS = [
  'deadLetter',
  'topic',
  'notTopic',
  'error',
  'notError',
  'outcome',
  'notOutcome',
  'invalid',
  'parked',
  'since',
  'until',
] as const
/** The options of every command that reads dead letters. */
export const FILTERING: readonly string[] = ['from', 'sourceQueue', 'limit', ...FILTERS]

export const FILTER_HELP = `
A filter takes several values: separate them with commas, or repeat the option. A dead letter must match every option.
--topic none selects records without a topic. --error matches the first or the last error.
A time has a time zone, e.g. 2026-11-25T08:00:00Z, or is an age: 30m, 24h, 7d.`

/** Adds `--from` and `--source-queue`. */
export function addSourceOptions(command: Command): Command {
  return command
    .option(
      '--from <targets>',
      'where the dead letters are, in the form of KAFKA_DEAD_LETTER, or a source DLQ or failure destination ' +
        '(default: KAFKA_DEAD_LETTER)',
    )
    .option(
      '--source-queue <queue>',
      'the original queue of messages in a source DLQ or failure destination, if they do not name it',
    )
}

/** Adds the options that choose dead letters. */
export function addFilterOptions(command: Command): Command {
  return addSourceOptions(command)
    .option('--dead-letter <ids>', 'only these dead letters', several)
    .option('--topic <topics>', 'only dead letters of these topics', several)
    .option('--not-topic <topics>', 'no dead letters of these topics', several)
    .option('--error <codes>', 'only dead letters with these codes, e.g. no-leader', several)
    .option('--not-error <codes>', 'no dead letters with these codes', several)
    .option('--outcome <outcomes>', 'only these outcomes: rejected, not-sent, unknown', several)
    .option('--not-outcome <outcomes>', 'no dead letters with these outcomes', several)
    .option('--invalid', 'only invalid records')
    .option('--no-invalid', 'no invalid records')
    .option('--parked', 'only parked dead letters')
    .option('--no-parked', 'no parked dead letters')
    .option('--since <time>', 'failed at or after this time, e.g. 2026-11-25T08:00:00Z or 24h')
    .option('--until <time>', 'failed at or before this time')
    .option('--limit <n>', 'stop after this many dead letters')
}

function several(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(',')]
}

/**
 * Builds the request from a command's options.
 * @param names the options that belong to the request
 * @throws WrongUse that lists every problem, by the names of the options
 */
export function requestOf(options: Options, names: readonly string[] = FILTERING): RedriveRequest {
  const fields = names.flatMap(name =>
    options[name] === undefined ? [] : [[FIELD_OF[name] ?? name, options[name]] as const],
  )
  try {
    return parseRedriveRequest(Object.fromEntries(fields))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new WrongUse(error.problems.map(asOption).join('\n'))
  }
}

/** Whether the options have a filter. */
export function hasFilter(options: Options): boolean {
  return FILTERS.some(name => options[name] !== undefined)
}

/** Names the option in place of the field: `notTopic: expected …` → `--not-topic: expected …`. */
function asOption(problem: string): string {
  return problem.replace(/^\w+/, field =>
    `--${OPTION_OF.get(field) ?? field}`.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`),
  )
}
