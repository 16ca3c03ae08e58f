// Where dead letters may lie on this machine.
import { resolve } from 'node:path'
import type { TargetParseContext } from './dead-letter-target.ts'

/**
 * The absolute path of a place for dead letters. To write, it must outlive the sandbox: /tmp of a function does not.
 */
export function lastingPath(path: string, { use, isInsideLambda, problem }: TargetParseContext): string {
  const absolute = resolve(path)
  if (use === 'write' && isInsideLambda && (absolute === '/tmp' || absolute.startsWith('/tmp/')))
    problem('expected a place that outlives the sandbox, got one in /tmp.')
  return absolute
}
