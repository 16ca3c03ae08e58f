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
export function parseDeadLetterTargets(
  text: string | undefined,
  env: NodeJS.ProcessEnv,
  problem: Problem,
): DeadLetterChain {
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
  const chain = [...targets.values()]
  if (chain.length > 0 && chain.every(target => target.kind === 'kafka' && target.servers === undefined))
    problem(
      'KAFKA_DEAD_LETTER: expected a target beside kafka: on the same cluster, which is down when it is needed; or kafka:…@host:port of another one.',
    )
  return chain
}

function parseTarget(text: string, lambda: boolean, problem: Problem): Target | undefined {
  const colon = text.indexOf(':')
  const rest = decode(text.slice(colon + 1))
  const kind = text.slice(0, colon)
  if (kind === 'disk' && rest) return { kind, folder: lastingPath(rest, lambda, problem) }
  if (kind === 'sqlite' && rest) return { kind, file: lastingPath(rest, lambda, problem) }
  if (kind === 'dynamodb' && rest && /^[A-Za-z0-9_.-]{3,255}$/.test(rest)) return { kind, table: rest }
  if (kind === 'kafka' && rest !== undefined) {
    const target = parseKafkaTarget(rest)
    if (target) return target
  }
  if (kind === 's3' && rest) {
    const [bucket = '', ...prefix] = rest.split('/')
    if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
      return { kind, bucket, prefix: prefix.join('/').replace(/^\/+|\/+$/g, '') }
  }
  if (kind === 'sqs' && rest && isQueueUrl(rest)) {
    if (rest.endsWith('.fifo'))
      problem(
        'KAFKA_DEAD_LETTER: expected a standard queue, got a FIFO queue: dead letters have no order, and it would drop repeats.',
      )
    return { kind, queueUrl: rest }
  }
  problem(
    'KAFKA_DEAD_LETTER: expected none, sqs:<queue URL>, s3:<bucket>/<prefix>, dynamodb:<table>, kafka:{topic}-dlt@<host:port>, disk:<folder> or sqlite:<file>, several separated by commas; got something else.',
  )
  return undefined
}

/** `<pattern>[@host:port[;host:port]]`; the pattern of the topic's name has {topic} in it, or is one topic for all. */
function parseKafkaTarget(text: string): Target | undefined {
  const [given = '', ...rest] = text.split('@')
  const pattern = given || '{topic}-dlt'
  const servers = rest.length > 0 ? rest.join('@').split(';') : undefined
  const isAddress = (server: string) => /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/.test(server)
  if (
    !/^[A-Za-z0-9._-]{1,249}$/.test(pattern.replaceAll('{topic}', 't')) ||
    pattern === '{topic}' ||
    (servers && !servers.every(isAddress))
  )
    return undefined
  return { kind: 'kafka', pattern, servers: servers && Object.freeze(servers) }
}

function lastingPath(given: string, lambda: boolean, problem: Problem): string {
  const path = isAbsolute(given) ? resolve(given) : resolve(process.cwd(), given)
  if (lambda && (path === '/tmp' || path.startsWith('/tmp/')))
    problem('KAFKA_DEAD_LETTER: expected a place that outlives the sandbox, got one under /tmp.')
  return path
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
