// Checks parameters of a single function or queue: that the deployment has it, and that AWS accepts the values.

import { ConfigError } from '../../lib/errors.ts'
import { nearestTo } from '../../lib/record/nearest-name.ts'
import { HTTP_TIMEOUT_S, timeoutOf } from './environment.ts'
import { mappingProblems } from './mappings.ts'
import type { DeployOptions } from './options.ts'
import { type ByName, valueFor } from './parameters/parameter.ts'
import { PARAMETER_ROWS } from './parameters/table.ts'
import { senderProblems } from './queue-policies.ts'

interface Deployed {
  readonly functions: readonly string[]
  /** Names of queues, with the prefix of the stage. */
  readonly queues: readonly string[]
}

/**
 * Checks the parameters.
 * @throws ConfigError for a value that would have no effect, or that AWS would refuse
 */
export function checkNamed(options: DeployOptions, deployed: Deployed): void {
  const problems = [
    ...nameProblems(options, deployed),
    ...mappingProblems(deployed.queues, options),
    ...senderProblems(deployed.queues, options),
    ...functionProblems(deployed.functions, options),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
}

function nameProblems(options: DeployOptions, { functions, queues }: Deployed): string[] {
  return PARAMETER_ROWS.flatMap(([parameter, { scope }]) => {
    if (scope === 'deployment') return []
    const names = scope === 'function' ? functions : queues
    return Object.keys((options[parameter] as ByName<unknown>).of)
      .filter(name => !names.includes(name))
      .map(name => {
        const near = nearestTo(name, names)
        return `--param ${parameter}.${name}: expected a ${scope} that a contract feeds, got ${name}${
          near === undefined ? '.' : `; did you mean ${near}?`
        }`
      })
  })
}

function functionProblems(functions: readonly string[], options: DeployOptions): string[] {
  const httpTimeoutS = timeoutOf('http', options)
  return [
    ...(functions.includes('http') && httpTimeoutS > HTTP_TIMEOUT_S
      ? [
          `--param timeoutS: expected at most ${HTTP_TIMEOUT_S} for http, as API Gateway stops waiting after 30 s; ` +
            `got ${httpTimeoutS}. Set timeoutS.http.`,
        ]
      : []),
    ...functions.flatMap(name => {
      const provisioned = valueFor(options.provisionedConcurrency, name)
      const reserved = valueFor(options.reservedConcurrency, name)
      if (provisioned === undefined || reserved === undefined || provisioned <= reserved) return []
      return [
        `--param provisionedConcurrency: expected at most reservedConcurrency (${reserved}) for ${name}, ` +
          `got ${provisioned}.`,
      ]
    }),
  ]
}
