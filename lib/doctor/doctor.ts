// Checks whether a configuration would work from here: one line per check, and what to do about each failure.
import { setTimeout } from 'node:timers/promises'
import { loadConfig } from '../config/load-config.ts'
import type { ProducerConfig } from '../config/settings.ts'
import type { Contracts } from '../contracts/contract.ts'
import { storeKindOf, stsOf } from '../dead-letter/store-kinds.ts'
import { ConfigError, describeError } from '../errors.ts'
import { isLegalTopicName } from '../record/topic-partition.ts'
import { type Check, failed, ok, type Report, skipped, warning } from './check.ts'
import { checkCluster } from './check-cluster.ts'
import { checkDeadLetters } from './check-dead-letters.ts'
import { checkNetwork } from './check-network.ts'
import { checkRedriveSources } from './check-redrive-sources.ts'
import { checkSchemas } from './check-schemas.ts'

const SKEW_MS = 60_000
const CLOCK_MS = 5000
const DOCTOR_MS = 15_000

export interface DoctorOptions {
  /** Called with each check as soon as its result is known. */
  readonly onCheck?: (check: Check) => void
  /** The contracts of the topics, whose schemas are looked up in their registries. Default: none. */
  readonly contracts?: Contracts
  /** The time limit, ms; checks without a result by then are reported as failed. Default: 15,000. */
  readonly ms?: number
}

/**
 * Checks a configuration. Every check is made and reported, even if another one fails or does not answer.
 * @param names the topics to check: metadata, rights, replication, and their dead-letter topics
 */
export async function doctor(
  env: NodeJS.ProcessEnv,
  names: readonly string[],
  { onCheck, contracts = new Map(), ms = DOCTOR_MS }: DoctorOptions = {},
): Promise<Check[]> {
  const checks: Check[] = []
  let isOver = false
  const report: Report = check => {
    if (isOver) return
    checks.push(check)
    onCheck?.(check)
  }
  const config = await readConfig(env, report)
  if (config) {
    for (const topic of names) if (!isLegalTopicName(topic)) report(noTopicName(topic))
    const topics = names.filter(isLegalTopicName)
    const parts: Record<string, () => Promise<void>> = {
      network: () => checkNetwork(config.bootstrapServers, report),
      cluster: () => checkCluster(config, topics, report),
      'dead letters': () => checkDeadLetters(config, topics, report),
      'redrive sources': () => checkRedriveSources(config, report),
      schemas: () => checkSchemas(config, topics, contracts, report),
      clock: async () => report(await checkClock(config, env)),
    }
    for (const name of await runAll(parts, report, ms))
      report(failed(name, `no result within ${ms / 1000} s`, 'A service did not answer in time; see the other lines.'))
  }
  isOver = true
  return checks
}

function noTopicName(name: string): Check {
  return failed(`topic ${name}`, 'no name of a topic', 'Expected 1 to 249 of A-Z, a-z, 0-9, ".", "_" and "-".')
}

/** Runs the parts in parallel. @returns the names of those that have not ended in time */
async function runAll(
  parts: Readonly<Record<string, () => Promise<void>>>,
  report: Report,
  ms: number,
): Promise<readonly string[]> {
  const pending = new Set(Object.keys(parts))
  const timer = new AbortController()
  const all = Object.entries(parts).map(async ([name, check]) => {
    try {
      await check()
    } catch (error) {
      report(failed(name, describeError(error), 'This check failed with an unexpected error.'))
    } finally {
      pending.delete(name)
    }
  })
  const timeout = setTimeout(ms, undefined, { signal: timer.signal }).catch(() => undefined)
  await Promise.race([Promise.all(all), timeout])
  timer.abort()
  return [...pending]
}

/** @returns undefined if it is invalid */
async function readConfig(env: NodeJS.ProcessEnv, report: Report): Promise<ProducerConfig | undefined> {
  const warnings: string[] = []
  try {
    const config = await loadConfig({}, env, text => warnings.push(text))
    for (const text of warnings) report(warning('config', text, 'Fix it, or confirm it is intended.'))
    if (warnings.length === 0) report(ok('config', 'every setting is valid'))
    return config
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : [describeError(error)]
    for (const problem of problems) report(failed('config', problem, 'Fix this setting; no other checks ran.'))
    return undefined
  }
}

/**
 * AWS refuses signatures whose time is a few minutes off. Each of its responses has the service's time in the header
 * `date`.
 */
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
        'Synchronise this machine’s clock (NTP): AWS refuses wrong signature times, and records get wrong timestamps.',
      )
    return ok('clock', `${Math.round(skew / 1000)} s off`)
  } catch {
    return skipped('clock', 'the service could not be reached')
  }
}

/** Whether records can be sent, i.e. no check failed. */
export function isHealthy(checks: readonly Check[]): boolean {
  return checks.every(({ status }) => status !== 'failed')
}
