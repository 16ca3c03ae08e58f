// The CPU share that Lambda gives a memory size, imitated by a control group of Linux: 1,769 MB is one vCPU, less is a share of it.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'

const MB_OF_ONE_CPU = 1769
const PERIOD_US = 20_000
/** cgroup 1 with its own controller, or cgroup 2. */
const ROOTS = [
  {
    path: '/sys/fs/cgroup/cpu',
    write: (path: string, quota: number) => {
      writeFileSync(`${path}/cpu.cfs_period_us`, `${PERIOD_US}`)
      writeFileSync(`${path}/cpu.cfs_quota_us`, `${quota}`)
    },
  },
  {
    path: '/sys/fs/cgroup',
    write: (path: string, quota: number) => writeFileSync(`${path}/cpu.max`, `${quota} ${PERIOD_US}`),
  },
]

export interface CpuShare {
  /** A command that begins inside the share, in place of `command`. */
  wrap(command: string, args: readonly string[]): { readonly command: string; readonly args: readonly string[] }
  /** When its processes have ended. */
  remove(): void
}

/** @throws Error where control groups can't be made: figures of a share can't be taken there */
export function cpuShare(memoryMb: number): CpuShare {
  const root = ROOTS.find(({ path }) => existsSync(`${path}/cgroup.procs`))
  if (!root)
    throw new Error(
      'Control groups of CPU: expected /sys/fs/cgroup, with the right to write there; found none. Leave the row out (--only).',
    )
  const path = `${root.path}/share-${process.pid}-${memoryMb}`
  mkdirSync(path)
  try {
    root.write(path, Math.round((PERIOD_US * memoryMb) / MB_OF_ONE_CPU))
  } catch (error) {
    rmdirSync(path)
    throw new Error(
      `Control groups of CPU: expected the right to set a quota in ${root.path}; leave the row out (--only).`,
      { cause: error },
    )
  }
  return {
    wrap: (command, args) => ({
      command: '/bin/sh',
      args: ['-c', `echo $$ > ${path}/cgroup.procs && exec "$0" "$@"`, command, ...args],
    }),
    remove: () => rmdirSync(path),
  }
}
