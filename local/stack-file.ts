// The file by which other commands find the stack that runs in this folder, of which there is at most one.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  LOCK_FILE,
  owningProcess,
  runningStack,
  STACK_FILE,
  STACK_FOLDER,
  type StackFile,
  startedAt,
} from '../bin/local-stack.ts'
import { explain, RequirementError } from './requirements.ts'

/**
 * Makes this process the owner of the folder's stack until it ends.
 * @throws RequirementError if another process owns it
 */
export function claimFolder(): void {
  mkdirSync(STACK_FOLDER, { recursive: true })
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

type Described = Omit<StackFile, 'sqsUrl' | 'registryUrl'> & {
  readonly sqs: { readonly url: string }
  readonly registryUrl: string | undefined
}

/** Writes the file that describes the running stack to other commands. */
export function describeStack(stack: Described, consoleUrl?: string): void {
  const { url, busUrl, sqs, bootstrapServers, redriveSettings, registryUrl } = stack
  const running: StackFile = { url, busUrl, sqsUrl: sqs.url, bootstrapServers, redriveSettings }
  // JSON leaves out undefined fields.
  writeFileSync(STACK_FILE, JSON.stringify({ ...running, registryUrl, consoleUrl }))
}

/** @returns the running stack. If there is none, ends the script with a message. */
export function stackOfFolder(): StackFile {
  const stack = runningStack()
  if (stack !== undefined) return stack
  return explain(new RequirementError(`No local stack is running in ${resolve('.')}. Start it there with npm start.`))
}
