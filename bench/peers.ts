// The peers of the bulk rows: packages of bench/peers, and the Java producer in the jars of the local stack.
import { spawnSync } from 'node:child_process'
import { kafkaJars } from '../local/artifacts.ts'

/** The options with which kafka-producer-perf-test.sh starts its JVM. */
const JVM = [
  '-Xmx512m',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
]

/**
 * Installs the packages of bench/peers, which are kept out of the root's lockfile.
 * @returns what failed and what to do; undefined if they are installed
 */
export function installPeers(): string | undefined {
  const args = ['ci', '--prefix', 'bench/peers', '--prefer-offline', '--silent']
  const { status, stderr, error } = spawnSync('npm', args, { encoding: 'utf8' })
  if (status === 0) return undefined
  const advice = "rows with its packages are left out. Check the network and npm's registry."
  return `npm could not install bench/peers; ${advice} ${error?.message ?? stderr.trim()}`
}

export interface JavaRun {
  readonly servers: string
  readonly topic: string
  readonly records: number
  readonly size: number
  /** Producer settings that differ from Java's defaults. */
  readonly settings: Readonly<Record<string, string | number>>
}

/** @returns the arguments of `java` for Kafka's own performance tool, which does not count the start of its JVM */
export async function javaArguments({ servers, topic, records, size, settings }: JavaRun): Promise<string[]> {
  const properties = { 'bootstrap.servers': servers, ...settings }
  return [
    ...JVM,
    '-cp',
    `${await kafkaJars(console.log)}/*`,
    'org.apache.kafka.tools.ProducerPerformance',
    ...['--topic', topic],
    ...['--num-records', String(records)],
    ...['--record-size', String(size)],
    ...['--throughput', '-1'],
    '--producer-props',
    ...Object.entries(properties).map(([name, value]) => `${name}=${value}`),
  ]
}
