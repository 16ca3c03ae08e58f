// Parses the options of npm run package, deploy, remove and verify:aws. Options of the packager, osls, are passed on to
// it.
import { parseArgs } from 'node:util'
import { ConfigError } from '../../lib/errors.ts'
import { nearestTo } from '../../lib/record/nearest-name.ts'

type DeploymentCommand = 'package' | 'deploy' | 'remove' | 'verify'

export interface CommandLine {
  readonly command: DeploymentCommand
  readonly stage: string
  readonly region: string | undefined
  /** Each has the form `name=value`. */
  readonly params: readonly string[]
  /** With `package`: the new folder for the package. Otherwise the folder of a package that was built before. */
  readonly folder: string | undefined
  /** Whether the schemas of the contracts are loaded from their registries at build time. */
  readonly pinsSchemas: boolean
  /** The account that the user names for verify:aws. */
  readonly account: string | undefined
  readonly isConfirmed: boolean
  /** The profile in AWS's configuration files whose credentials are used. */
  readonly profile: string | undefined
  /** Returns the options for a command of osls. */
  readonly oslsOptions: (command: DeploymentCommand) => string[]
}

interface Option {
  readonly type: 'string' | 'boolean'
  readonly commands: readonly DeploymentCommand[]
  /** The commands of osls that have the option; undefined if it is not an option of osls. */
  readonly osls?: readonly DeploymentCommand[]
}

const ALL = ['package', 'deploy', 'remove', 'verify'] as const
const BUILT = ['package', 'deploy'] as const
const OSLS = ['package', 'deploy', 'remove'] as const

const OPTIONS: Readonly<Record<string, Option>> = {
  stage: { type: 'string', commands: ALL },
  region: { type: 'string', commands: ALL },
  param: { type: 'string', commands: OSLS },
  package: { type: 'string', commands: ['package', 'deploy', 'verify'] },
  'pin-schemas': { type: 'boolean', commands: BUILT },
  account: { type: 'string', commands: ['verify'] },
  yes: { type: 'boolean', commands: ['remove', 'verify'] },
  'aws-profile': { type: 'string', commands: ALL, osls: OSLS },
  verbose: { type: 'boolean', commands: ALL, osls: OSLS },
  debug: { type: 'string', commands: ALL, osls: OSLS },
  'minify-template': { type: 'boolean', commands: BUILT, osls: ['package'] },
  force: { type: 'boolean', commands: ['deploy'], osls: ['deploy'] },
  conceal: { type: 'boolean', commands: ['deploy'], osls: ['deploy'] },
  'aws-s3-accelerate': { type: 'boolean', commands: ['deploy'], osls: ['deploy'] },
}

/**
 * Parses a command line.
 * @param args the command, then its options
 * @throws ConfigError for an unknown command or option, or an option without its value
 */
export function readCommandLine([command, ...args]: readonly string[]): CommandLine {
  if (!isCommand(command)) throw new ConfigError([`${command ?? 'No command'}: expected ${ALL.join(', ')}.`])
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(Object.entries(OPTIONS).map(([name, { type }]) => [name, { type }])),
  })
  const names = Object.keys(OPTIONS).filter(name => OPTIONS[name]?.commands.includes(command))
  const problems: string[] = []
  const values = new Map<string, string[]>()
  for (const [index, token] of tokens.entries()) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') {
      const before = tokens[index - 1]
      // The value belongs to an unknown option, which is reported already.
      if (before?.kind === 'option' && !Object.hasOwn(OPTIONS, before.name)) continue
      problems.push(`npm run ${command}: expected only options after --, got ${token.value}.`)
      continue
    }
    const { name, rawName, value } = token
    if (!names.includes(name)) problems.push(unknown(command, rawName, names))
    else if (OPTIONS[name]?.type === 'boolean' && value !== undefined)
      problems.push(`${rawName}: expected no value, got ${value}.`)
    // A value that starts with a dash is the next option, so the value is missing.
    else if (OPTIONS[name]?.type === 'string' && (!value || (!token.inlineValue && value.startsWith('-'))))
      problems.push(`${rawName}: expected a value, got ${value || 'none'}.`)
    else values.set(name, [...(values.get(name) ?? []), value ?? ''])
  }
  if (problems.length > 0) throw new ConfigError(problems)
  const last = (name: string) => values.get(name)?.at(-1)
  return {
    command,
    stage: last('stage') ?? 'dev',
    region: last('region'),
    params: values.get('param') ?? [],
    folder: last('package'),
    pinsSchemas: values.has('pin-schemas'),
    account: last('account'),
    isConfirmed: values.has('yes'),
    profile: last('aws-profile'),
    oslsOptions: of =>
      [...values.keys()].flatMap(name => {
        if (!OPTIONS[name]?.osls?.includes(of)) return []
        return OPTIONS[name].type === 'boolean' ? [`--${name}`] : [`--${name}`, last(name) ?? '']
      }),
  }
}

function isCommand(text: string | undefined): text is DeploymentCommand {
  return ALL.some(command => command === text)
}

function unknown(command: DeploymentCommand, rawName: string, names: readonly string[]): string {
  const name = rawName.replace(/^-+/, '')
  const others = OPTIONS[name]?.commands
  if (others !== undefined) return `${rawName}: not an option of ${command}, but of ${others.join(' and ')}.`
  const near = nearestTo(name, names)
  const hint =
    near === undefined ? `expected one of ${names.map(name => `--${name}`).join(', ')}` : `did you mean --${near}?`
  return `${rawName}: unknown; ${hint}${near === undefined ? '.' : ''}`
}
