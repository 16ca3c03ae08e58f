// Where dead letters may lie on this machine.
import { resolve } from 'node:path'
import type { TargetParseContext } from './dead-letter-target.ts'

/**
 * The absolute path of a place for dead letters. To write, it must outlive the sandbox: of a function's disk only the
 * file systems below /mnt do. /tmp does not, and nothing else can be written.
 * docs.aws.amazon.com/lambda/latest/api/API_FileSystemConfig.html
 */
export function lastingPath(path: string, { use, isInsideLambda, problem }: TargetParseContext): string {
  const absolute = resolve(path)
  if (use === 'write' && isInsideLambda && !absolute.startsWith('/mnt/'))
    problem('expected a place that outlives the sandbox, a file system mounted below /mnt/; got another.')
  return absolute
}
