// Checks that a path for dead letters outlives a Lambda sandbox.
import { resolve } from 'node:path'
import type { TargetParseContext } from './dead-letter-target.ts'

/**
 * Returns the absolute path of a folder or file for dead letters. For writing inside Lambda it must be below /mnt,
 * where file systems are mounted: /tmp ends with the sandbox, and everything else is read-only.
 * docs.aws.amazon.com/lambda/latest/api/API_FileSystemConfig.html
 */
export function lastingPath(path: string, { use, isInsideLambda, problem }: TargetParseContext): string {
  const absolute = resolve(path)
  if (use === 'write' && isInsideLambda && !absolute.startsWith('/mnt/'))
    problem('expected a path below /mnt/ on a mounted file system, which outlives the sandbox; got another.')
  return absolute
}
