// Runs the kafka-producer command as a user does.
import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'

/** A run of all tests has built the command once, as it is packed; a file that is run alone runs its source. */
export const PROGRAM = resolve(process.env.TEST_COMMAND ?? 'bin/kafka-producer.ts')
const NODE_OPTIONS = '--disable-warning=TimeoutNegativeWarning'
/** For a shell: the command up to its arguments. */
export const COMMAND = `"${process.execPath}" ${NODE_OPTIONS} "${PROGRAM}"`

export interface CommandResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** Null: standard input stays open, and nothing comes. Default: it is empty. */
  readonly input?: string | null
  readonly cwd?: string
  /** Called once, with the first standard output. */
  readonly onOutput?: (child: ChildProcess) => void
  /** Called when the process runs. */
  readonly onStart?: (child: ChildProcess) => void
}

/** @param env the whole environment, beside PATH and the cache of compiled modules */
export function runCommand(
  args: readonly string[],
  env: Record<string, string>,
  options: RunOptions = {},
): Promise<CommandResult> {
  return run(process.execPath, [NODE_OPTIONS, PROGRAM, ...args], env, options)
}

/** Runs a line of a shell, e.g. with `COMMAND` and a pipe. */
export function runShell(line: string, env: Record<string, string>): Promise<CommandResult> {
  return run('sh', ['-c', line], env)
}

async function run(
  file: string,
  args: readonly string[],
  env: Record<string, string>,
  { input = '', cwd, onOutput, onStart }: RunOptions = {},
): Promise<CommandResult> {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const child = spawn(file, args, { env: { PATH, NODE_COMPILE_CACHE, ...env }, cwd })
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  // A command that reads no input closes it.
  child.stdin.on('error', () => undefined)
  if (input !== null) child.stdin.end(input)
  onStart?.(child)
  if (onOutput) child.stdout.once('data', () => onOutput(child))
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { status, stdout, stderr }
}
