import { isAbsolute, resolve } from 'node:path'
import type { DeadLetterChain } from './settings.ts'

const DEFAULT_LOCAL_CHAIN = 'disk:./.dead-letters'

type Problem = (text: string) => void
type Target = DeadLetterChain[number]

/** `AWS_Lambda_nodejs24.x` and the like; the local runtime does not set it. */
function insideLambda(env: NodeJS.ProcessEnv): boolean {
  return env.AWS_EXECUTION_ENV?.startsWith('AWS_Lambda_') ?? false
}

/** Targets, tried left to right; commas and % inside a target are percent-encoded. */
export function parseDeadLetterChain(text: string | undefined, env: NodeJS.ProcessEnv, problem: Problem): DeadLetterChain {
  const lambda = insideLambda(env)
  if (text === undefined && lambda) {
    problem('KAFKA_DEAD_LETTER: expected a target inside Lambda, e.g. sqs:<queue URL>, or none; got nothing.')
    return []
  }
  const given = text ?? DEFAULT_LOCAL_CHAIN
  if (given.trim() === 'none') return []
  const targets = new Map<string, Target>()
  for (const part of given.split(',').map(part => part.trim())) {
    const target = parseTarget(part, lambda, problem)
    if (!target) continue
    const name = JSON.stringify(target)
    if (targets.has(name)) problem('KAFKA_DEAD_LETTER: expected each target once, got the same one twice.')
    targets.set(name, Object.freeze(target))
  }
  return [...targets.values()]
}

function parseTarget(text: string, lambda: boolean, problem: Problem): Target | undefined {
  const colon = text.indexOf(':')
  const rest = decode(text.slice(colon + 1))
  const kind = text.slice(0, colon)
  if (kind === 'disk' && rest) return diskTarget(rest, lambda, problem)
  if (kind === 'sqs' && rest && isQueueUrl(rest)) {
    if (rest.endsWith('.fifo')) problem('KAFKA_DEAD_LETTER: expected a standard queue, got a FIFO queue: letters have no order, and it would drop repeats.')
    return { kind, queueUrl: rest }
  }
  problem('KAFKA_DEAD_LETTER: expected none, sqs:<queue URL> or disk:<folder>, several separated by commas; got something else.')
  return undefined
}

function diskTarget(folder: string, lambda: boolean, problem: Problem): Target {
  const path = isAbsolute(folder) ? resolve(folder) : resolve(process.cwd(), folder)
  if (lambda && (path === '/tmp' || path.startsWith('/tmp/'))) problem('KAFKA_DEAD_LETTER: expected a folder that outlives the sandbox, got one under /tmp.')
  return { kind: 'disk', folder: path }
}

function isQueueUrl(text: string): boolean {
  const url = URL.parse(text)
  return (url?.protocol === 'https:' || url?.protocol === 'http:') && url.pathname.length > 1 && url.username === ''
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
