// Runs osls, the fork of Serverless Framework 3 that packages and deploys by serverless.yml.
import { spawnSync } from 'node:child_process'

export interface Target {
  readonly stage: string
  readonly region: string
}

/**
 * Runs a command of osls.
 * @param folder its working folder, with serverless.yml or serverless.json
 * @throws Error if it fails; osls itself prints the reason
 */
export function osls(command: string, { stage, region }: Target, options: readonly string[], folder = '.'): void {
  const { status, error } = spawnSync('osls', [command, '--stage', stage, '--region', region, ...options], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off' },
  })
  if (error) throw error
  if (status !== 0) throw new OslsError(command)
}

export class OslsError extends Error {
  constructor(command: string) {
    super(`osls ${command} failed; its output is above.`)
  }
}
