// Checks whether a configuration would work from here: one line per check, and what to do about each failure.
import { loadConfig } from '../config/parse-config.ts'
import type { ProducerConfig } from '../config/settings.ts'
import { storeKindOf, stsOf } from '../dead-letter/store-kinds.ts'
import { ConfigError } from '../errors.ts'
import { type Check, failed, ok, skipped, warning } from './check.ts'
import { checkCluster } from './check-cluster.ts'
import { checkDeadLetters } from './check-dead-letters.ts'
import { checkNetwork } from './check-network.ts'

const SKEW_MS = 60_000
const CLOCK_MS = 5000

/** @param topics the topics to check: metadata, rights, replication */
export async function doctor(env: NodeJS.ProcessEnv, topics: readonly string[]): Promise<Check[]> {
  const warnings: Check[] = []
  let config: ProducerConfig
  try {
    const warn = (text: string) => warnings.push(warning('config', text, 'Fix it, or confirm it is intended.'))
    config = await loadConfig({}, env, warn)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(problem => failed('config', problem, 'Fix this setting; no other checks ran.'))
  }
  const network = await checkNetwork(config.bootstrapServers)
  const [cluster, deadLetters, clock] = await Promise.all([
    checkCluster(config, topics),
    checkDeadLetters(config),
    checkClock(config, env),
  ])
  return [
    warnings.length > 0 ? (warnings[0] as Check) : ok('config', 'every setting is valid'),
    ...warnings.slice(1),
    ...network,
    ...cluster,
    ...deadLetters,
    clock,
  ]
}

/** AWS refuses signatures that are a few minutes off. Each of its answers has its own time in the `date` header. */
async function checkClock({ deadLetter, mskClusterArn }: ProducerConfig, env: NodeJS.ProcessEnv): Promise<Check> {
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION
  const services = [
    ...deadLetter.map(target => storeKindOf(target).signingService?.(target, region)),
    mskClusterArn === undefined ? undefined : stsOf(region),
  ]
  const url = services.find(service => service !== undefined)
  if (url === undefined) return skipped('clock', 'no AWS service to compare with')
  try {
    const date = (await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(CLOCK_MS) })).headers.get('date')
    if (date === null) return skipped('clock', 'the service returned no date')
    const skew = Math.abs(Date.now() - Date.parse(date))
    if (skew > SKEW_MS)
      return failed(
        'clock',
        `${Math.round(skew / 1000)} s off`,
        'Set this machine’s clock (NTP): AWS refuses signatures of another time, and timestamps of records are wrong.',
      )
    return ok('clock', `${Math.round(skew / 1000)} s off`)
  } catch {
    return skipped('clock', 'the service could not be reached')
  }
}

/** Whether records can be sent: no check failed. */
export function isHealthy(checks: readonly Check[]): boolean {
  return checks.every(({ status }) => status !== 'failed')
}
