// The stack that runs in this folder: at most one, which other commands find through a file.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { isAlive, startedAt } from './processes.ts'
import { explain, RequirementError } from './requirements.ts'

const STACK_FILE = '.local/stack.json'
const LOCK_FILE = '.local/stack.lock'

export interface StackFile {
  readonly url: string
  readonly busUrl: string
  readonly sqsUrl: string
  readonly bootstrapServers: string
  readonly redriveSettings: Readonly<Record<string, string>>
  /** Missing until the console has started. */
  readonly consoleUrl?: string
}

/**
 * Makes this process the one whose stack runs in this folder, until it ends.
 * @throws RequirementError when another one's does
 */
export function claimFolder(): void {
  mkdirSync('.local', { recursive: true })
  const owner = `${process.pid} ${startedAt(process.pid)}`
  for (;;) {
    try {
      writeFileSync(LOCK_FILE, owner, { flag: 'wx' })
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const pid = owningProcess()
      if (pid !== undefined)
        throw new RequirementError(
          `A local stack is running in this folder (process ${pid}). End it with Ctrl-C there, or start this one in ` +
            'another folder.',
        )
      rmSync(LOCK_FILE, { force: true })
    }
  }
  process.on('exit', () => {
    rmSync(STACK_FILE, { force: true })
    rmSync(LOCK_FILE, { force: true })
  })
}

/** @returns the process whose stack runs in this folder */
function owningProcess(): number | undefined {
  try {
    const [pid = '', started] = readFileSync(LOCK_FILE, 'utf8').split(' ')
    return isAlive(Number(pid)) && startedAt(Number(pid)) === started ? Number(pid) : undefined
  } catch {
    return undefined
  }
}

type Described = Omit<StackFile, 'sqsUrl'> & { readonly sqs: { readonly url: string } }

/** Tells the other commands of the running stack. */
export function describeStack(stack: Described, consoleUrl?: string): void {
  const { url, busUrl, sqs, bootstrapServers, redriveSettings } = stack
  const running: StackFile = { url, busUrl, sqsUrl: sqs.url, bootstrapServers, redriveSettings }
  writeFileSync(STACK_FILE, JSON.stringify({ ...running, ...(consoleUrl === undefined ? {} : { consoleUrl }) }))
}

/** @returns the running stack; a script ends with a message where there is none */
export function stackOfFolder(): StackFile {
  try {
    return runningStack()
  } catch (error) {
    return explain(error)
  }
}

/** @throws RequirementError when no stack runs in this folder */
function runningStack(): StackFile {
  if (owningProcess() !== undefined) {
    try {
      return JSON.parse(readFileSync(STACK_FILE, 'utf8')) as StackFile
    } catch {
      // It is still starting.
    }
  }
  throw new RequirementError(`No local stack is running in ${resolve('.')}. Start it there with npm start.`)
}
