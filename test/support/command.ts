// Runs the kafka-producer command as a user does.
import { type ChildProcess, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

const NODE_OPTIONS = '--disable-warning=TimeoutNegativeWarning'
/** For a shell: the command up to its arguments. */
export const COMMAND = `"${process.execPath}" ${NODE_OPTIONS} bin/kafka-producer.ts`

export interface CommandResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  /** Called once, with the first standard output. */
  readonly onOutput?: (child: ChildProcess) => void
}

/** @param env the whole environment, beside PATH */
export function runCommand(
  args: readonly string[],
  env: Record<string, string>,
  options: RunOptions = {},
): Promise<CommandResult> {
  return run(process.execPath, [NODE_OPTIONS, 'bin/kafka-producer.ts', ...args], env, options)
}

/** Runs a line of a shell, e.g. with `COMMAND` and a pipe. */
export function runShell(line: string, env: Record<string, string>): Promise<CommandResult> {
  return run('sh', ['-c', line], env)
}

async function run(
  file: string,
  args: readonly string[],
  env: Record<string, string>,
  { input = '', onOutput }: RunOptions = {},
): Promise<CommandResult> {
  const child = spawn(file, args, { env: { PATH: process.env.PATH, ...env } })
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  // A command that reads no input closes it.
  child.stdin.on('error', () => undefined).end(input)
  if (onOutput) child.stdout.once('data', () => onOutput(child))
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { status, stdout, stderr }
}
