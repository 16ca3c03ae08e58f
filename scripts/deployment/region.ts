// Finds the region of a deployment, and checks that the resources that it names are in this region.
import { ConfigError } from '../../lib/errors.ts'
import type { DeployOptions } from '../template/options.ts'
import { REGION } from '../template/stage.ts'

/** For `npm run package` without a region, whose template is only for reading. */
const EXAMPLE_REGION = 'eu-west-1'
const PARTITIONS = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['eusc-', 'aws-eusc'],
] as const

export interface RegionSources {
  readonly option: string | undefined
  readonly stage: string | undefined
  readonly env: NodeJS.ProcessEnv
}

/**
 * Finds the region.
 * @returns the first that is set of `--region`, the stage's file, `AWS_REGION`, `AWS_DEFAULT_REGION`, and the region of
 *   the MSK cluster
 * @throws ConfigError for text that is not the name of a region
 */
export function findRegion({ option, stage, env }: RegionSources): string | undefined {
  const [source, region] = [
    ['--region', option],
    ['"region" of the stage’s file', stage],
    ['AWS_REGION', env.AWS_REGION],
    ['AWS_DEFAULT_REGION', env.AWS_DEFAULT_REGION],
    ['KAFKA_MSK_CLUSTER_ARN', regionOfArn(env.KAFKA_MSK_CLUSTER_ARN)],
  ].find(([, region]) => region) ?? ['', undefined]
  if (region !== undefined && !REGION.test(region))
    throw new ConfigError([`${source}: expected the name of a region, e.g. eu-west-1, got ${region}.`])
  return region
}

/**
 * Returns the region of a command.
 * @throws ConfigError if no source names a region and the command changes a stack
 */
export function regionOf(sources: RegionSources, changesStack: boolean): string {
  const region = findRegion(sources)
  if (region === undefined && changesStack)
    throw new ConfigError([
      '--region: expected --region, "region" in the stage’s file, or AWS_REGION; got none of them.',
    ])
  return region ?? EXAMPLE_REGION
}

/** Parameters whose ARNs must be in the region of the deployment. */
const OF_THE_REGION = [
  'alarmTopicArn',
  'kmsKeyArn',
  'codeSigningConfigArn',
  'efsAccessPointArn',
  'authorizerArn',
  'certificateArn',
  'layers',
  'existingQueues',
  'existingDlqs',
  'existingQueueKeyArns',
] as const satisfies readonly (keyof DeployOptions)[]

/**
 * Checks ARNs. A secret may be in another region, where it is read; the same holds for the keys of targets, and for
 * senders.
 * @returns one line for each resource that must be in the region of the deployment but is not
 */
export function regionProblems(region: string, env: NodeJS.ProcessEnv, options: DeployOptions): string[] {
  const arns = [
    ['KAFKA_MSK_CLUSTER_ARN', env.KAFKA_MSK_CLUSTER_ARN] as const,
    ...OF_THE_REGION.map(name => [`--param ${name}`, options[name]] as const),
  ]
  return arns.flatMap(([name, value]) => {
    const other = [value ?? []]
      .flat()
      .map(regionOfArn)
      .find(found => found !== undefined && found !== region)
    return other === undefined ? [] : [`${name}: expected an ARN of ${region} (--region), got one of ${other}.`]
  })
}

/** Returns the partition in the ARNs of a region, e.g. `aws-cn`. */
export function partitionOf(region: string): string {
  return PARTITIONS.find(([start]) => region.startsWith(start))?.[1] ?? 'aws'
}

/** @returns undefined for an ARN without a region */
function regionOfArn(arn: string | undefined): string | undefined {
  return arn?.split(':')[3] || undefined
}
