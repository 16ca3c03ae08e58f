// Simulates the CPU share that Lambda gives to a memory size, with a Linux control group: 1,769 MB get one vCPU, less
// memory gets a proportional share. Source: docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'

const MB_OF_ONE_CPU = 1769
const PERIOD_US = 20_000
/** cgroup v1 with its cpu controller, or cgroup v2. */
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
  /** @returns a command that runs `command` inside the share */
  wrap(command: string, args: readonly string[]): { readonly command: string; readonly args: readonly string[] }
  /** Call it after the processes have ended. */
  remove(): void
}

/**
 * Creates the control group.
 * @throws Error if this process may not create control groups, so that no share can be measured
 */
export function cpuShare(memoryMb: number): CpuShare {
  const root = ROOTS.find(({ path }) => existsSync(`${path}/cgroup.procs`))
  if (!root)
    throw new Error('Expected a writable /sys/fs/cgroup, got none. Run as root, or leave out the row share (--only).')
  const path = `${root.path}/share-${process.pid}-${memoryMb}`
  mkdirSync(path)
  try {
    root.write(path, Math.round((PERIOD_US * memoryMb) / MB_OF_ONE_CPU))
  } catch (error) {
    rmdirSync(path)
    throw new Error(
      `Expected permission to set a CPU quota in ${root.path}. Run as root, or leave out the row share (--only).`,
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
