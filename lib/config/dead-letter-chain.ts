import { isAbsolute, resolve } from 'node:path'
import type { DeadLetterChain } from './settings.ts'

const DEFAULT_LOCAL_CHAIN = 'disk:./.dead-letters'

/** `AWS_Lambda_nodejs24.x` and the like; the local runtime does not set it. */
function insideLambda(env: NodeJS.ProcessEnv): boolean {
  return env.AWS_EXECUTION_ENV?.startsWith('AWS_Lambda_') ?? false
}

/** `disk:<folder>` targets, tried left to right; commas and % inside a target are percent-encoded. */
export function parseDeadLetterChain(text: string | undefined, env: NodeJS.ProcessEnv, problem: (text: string) => void): DeadLetterChain {
  const lambda = insideLambda(env)
  if (text === undefined && lambda) {
    problem('KAFKA_DEAD_LETTER: expected a target inside Lambda, e.g. disk:/mnt/letters on an EFS mount, or none; got nothing.')
    return []
  }
  const given = text ?? DEFAULT_LOCAL_CHAIN
  if (given.trim() === 'none') return []
  const folders = new Set<string>()
  for (const target of given.split(',').map(part => part.trim())) {
    const folder = target.startsWith('disk:') ? decode(target.slice('disk:'.length)) : undefined
    if (folder === undefined || folder === '') {
      problem('KAFKA_DEAD_LETTER: expected none or disk:<folder>, several separated by commas; got something else.')
      continue
    }
    const path = isAbsolute(folder) ? resolve(folder) : resolve(process.cwd(), folder)
    if (lambda && (path === '/tmp' || path.startsWith('/tmp/'))) problem('KAFKA_DEAD_LETTER: expected a folder that outlives the sandbox, got one under /tmp.')
    if (folders.has(path)) problem('KAFKA_DEAD_LETTER: expected each target once, got the same folder twice.')
    folders.add(path)
  }
  return [...folders].map(folder => Object.freeze({ kind: 'disk', folder }))
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
