// An EFS file system that the functions mount, the only disk of a function that outlives its sandbox. Pure.
import { normalize } from 'node:path/posix'
import { allow, type Json, type Statement } from './cloudformation.ts'
import type { DeployOptions } from './options.ts'

export type FileSystemOptions = Pick<DeployOptions, 'efsAccessPointArn' | 'efsMountPath'>

/** @returns why files at this path would be lost with the sandbox */
export function pathProblem(path: string | undefined, options: FileSystemOptions): string | undefined {
  if (path === undefined || isMounted(path, options)) return undefined
  const { efsAccessPointArn, efsMountPath } = options
  return efsAccessPointArn === undefined
    ? `expected --param efsAccessPointArn too, as no other disk of a function outlives its sandbox; got ${path}.`
    : `expected a path below ${efsMountPath} (--param efsMountPath), where the file system is; got ${path}.`
}

/**
 * Whether a path is on the file system.
 * @param path absolute
 */
export function isMounted(path: string, { efsAccessPointArn, efsMountPath }: FileSystemOptions): boolean {
  return efsAccessPointArn !== undefined && `${normalize(path)}/`.startsWith(`${efsMountPath}/`)
}

/** Permissions to mount the file system and to write to it, only through this access point. */
export function fileSystemStatements({ efsAccessPointArn }: FileSystemOptions): Statement[] {
  if (efsAccessPointArn === undefined) return []
  // The ARN must name the file system, whose id is not in the ARN of its access point.
  const fileSystems = efsAccessPointArn.replace(/:access-point\/.*$/, ':file-system/*')
  return [
    {
      ...allow(['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'], fileSystems),
      Condition: { StringEquals: { 'elasticfilesystem:AccessPointArn': efsAccessPointArn } },
    },
  ]
}

/** Returns the configuration of a function for osls. */
export function fileSystemConfig({ efsAccessPointArn, efsMountPath }: FileSystemOptions): Json {
  return efsAccessPointArn === undefined
    ? {}
    : { fileSystemConfig: { arn: efsAccessPointArn, localMountPath: efsMountPath } }
}
