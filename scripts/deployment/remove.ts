// npm run remove: deletes the stack of a stage, after it has printed what is deleted and what stays.
import {
  CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation'
import { defaultProvider } from '@aws-sdk/credential-provider-node'
import { ConfigError } from '../../lib/errors.ts'
import { osls, type Target } from './osls.ts'
import { writeConfiguration } from './package-folder.ts'

const WORKING_FOLDER = 'build/remove'
/** The packager's own bucket for zips. */
const DEPLOYMENT_BUCKET = 'ServerlessDeploymentBucket'

export interface StackResource {
  readonly logicalId: string
  readonly type: string
  readonly physicalId: string
  /** Whether the resource, with its content, stays after the deletion of the stack. */
  readonly isRetained: boolean
}

interface Removal {
  readonly service: string
  readonly profile: string | undefined
  readonly isConfirmed: boolean
  readonly oslsOptions: readonly string[]
  readonly log: (line: string) => void
}

/**
 * Removes the stack.
 * @throws ConfigError if there is no such stack, or without the confirmation
 */
export async function remove(
  target: Target,
  { service, profile, isConfirmed, oslsOptions, log }: Removal,
): Promise<void> {
  const name = `${service}-${target.stage}`
  const stack = await findStack(name, target.region, profile)
  if (stack === undefined)
    throw new ConfigError([
      `There is no stack ${name} in ${target.region}: expected --stage and --region of one that was deployed.`,
    ])
  for (const line of removalPlan(name, stack.resources)) log(line)
  if (!isConfirmed) throw new ConfigError(['Nothing was removed. Repeat the command with --yes to remove the stack.'])
  removeStack(target, service, stack, oslsOptions)
  const retained = stack.resources.filter(({ isRetained, type }) => isRetained && HOLDERS.includes(type))
  if (retained.length > 0) log(`${retained.length} queues and buckets deploy.md/deploy.md, "Remove".`)
}

/** Deletes the stack with osls, which first empties its bucket. */
export function removeStack(
  target: Target,
  service: string,
  { resources, outputs }: Stack,
  oslsOptions: readonly string[],
): void {
  const bucket = outputs.ServerlessDeploymentBucketName
  const isOwnBucket = resources.some(({ logicalId }) => logicalId === DEPLOYMENT_BUCKET)
  writeConfiguration(WORKING_FOLDER, service, !isOwnBucket && bucket !== undefined ? { name: bucket } : {})
  osls('remove', target, oslsOptions, WORKING_FOLDER)
}

/** Describes what the removal of the stack does, so that the user can decide. */
export function removalPlan(stack: string, resources: readonly StackResource[]): string[] {
  const lineOf = ({ type, physicalId }: StackResource) => `  ${type.padEnd(22)} ${physicalId}`
  const stays = resources.filter(({ isRetained }) => isRetained)
  // Policies stay together with their queues and buckets, so they are not listed.
  const retained = stays.filter(({ type }) => HOLDERS.includes(type))
  const lost = resources.filter(({ isRetained, type }) => !isRetained && HOLDERS.includes(type))
  const others = resources.length - stays.length - lost.length
  return [
    ...(retained.length > 0
      ? [`These stay after the removal of ${stack}, with what they hold:`, ...retained.map(lineOf)]
      : []),
    ...(lost.length > 0 ? ['These are deleted with what they hold:', ...lost.map(lineOf)] : []),
    `${others} other resources are deleted (functions, roles, rules, alarms, …).`,
  ]
}

/** Types whose resources can hold records. */
const HOLDERS = ['AWS::SQS::Queue', 'AWS::S3::Bucket', 'AWS::DynamoDB::Table']

export interface Stack {
  readonly resources: readonly StackResource[]
  readonly outputs: Readonly<Record<string, string>>
}

/**
 * Finds a stack.
 * @returns undefined if there is none of this name
 */
export async function findStack(
  StackName: string,
  region: string,
  profile: string | undefined,
): Promise<Stack | undefined> {
  const credentials = defaultProvider({ ...(profile === undefined ? {} : { profile }) })
  const client = new CloudFormationClient({ region, credentials })
  try {
    const { TemplateBody = '' } = await client.send(new GetTemplateCommand({ StackName, TemplateStage: 'Processed' }))
    const template = JSON.parse(TemplateBody) as { Resources: Record<string, { DeletionPolicy?: string }> }
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }))
    const resources: StackResource[] = []
    for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName }))
      for (const { LogicalResourceId = '', ResourceType = '', PhysicalResourceId = '' } of StackResourceSummaries) {
        const policy = template.Resources[LogicalResourceId]?.DeletionPolicy ?? 'Delete'
        const isRetained = policy.startsWith('Retain')
        resources.push({ logicalId: LogicalResourceId, type: ResourceType, physicalId: PhysicalResourceId, isRetained })
      }
    const outputs = Stacks[0]?.Outputs?.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]) ?? []
    return { resources, outputs: Object.fromEntries(outputs) }
  } catch (error) {
    // CloudFormation has no error code for this case, only a ValidationError.
    if (error instanceof Error && /does not exist/.test(error.message)) return undefined
    if (error instanceof Error && error.name === 'CredentialsProviderError')
      throw new ConfigError([
        `AWS credentials: expected some to look up the stack ${StackName} in ${region}, got none. Set --aws-profile, ` +
          'AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
      ])
    throw error
  } finally {
    client.destroy()
  }
}
