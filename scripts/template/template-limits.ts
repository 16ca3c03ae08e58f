// Checks what CloudFormation, IAM, SQS and Lambda would refuse in a packaged template.
import type { Json } from './cloudformation.ts'
import { resolvedLength } from './expressions.ts'
import { MAX_INLINE, MAX_MANAGED } from './role-policies.ts'

/** docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MAX_RESOURCES = 500
const MAX_OUTPUTS = 200
const MAX_TEMPLATE_BYTES = 1_048_576
/** docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html */
const MAX_QUEUE_POLICY = 8192
/** docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
const MAX_BUS_POLICY = 10_240
/** docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MAX_FUNCTION_POLICY = 20_480
/** Bytes that Lambda adds to each statement: version, id, effect and condition. */
const PERMISSION_OVERHEAD = 200

export interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: Json }>>
  readonly Outputs?: Json
}

/** Describes how much of CloudFormation's limits the template uses. */
export function templateSizes(template: Template): string {
  const resources = Object.keys(template.Resources).length
  const outputs = Object.keys(template.Outputs ?? {}).length
  const kib = Math.ceil(Buffer.byteLength(JSON.stringify(template)) / 1024)
  const maxKib = MAX_TEMPLATE_BYTES / 1024
  return `Resources: ${resources} of ${MAX_RESOURCES}, outputs: ${outputs} of ${MAX_OUTPUTS}, ${kib} KiB of ${maxKib}.`
}

/** @returns one line per problem */
export function templateProblems(template: Template): string[] {
  const resources = Object.entries(template.Resources)
  const bytes = Buffer.byteLength(JSON.stringify(template))
  return [
    ...tooMany(
      resources.length,
      MAX_RESOURCES,
      'resources of a stack',
      ' A queue has six. Deploy the contracts as several stacks.',
    ),
    ...tooMany(Object.keys(template.Outputs ?? {}).length, MAX_OUTPUTS, 'outputs of a stack'),
    ...tooMany(bytes, MAX_TEMPLATE_BYTES, 'bytes of a template'),
    ...resources.flatMap(([id, { Type, Properties = {} }]) => policyProblems(id, Type, Properties)),
    ...permissionProblems(template),
  ]
}

function policyProblems(id: string, type: string, properties: Json): string[] {
  const { Policies: inline = [], PolicyDocument: document, Statement: statement } = properties
  switch (type) {
    case 'AWS::IAM::Role': {
      const documents = (inline as { PolicyDocument: unknown }[]).map(({ PolicyDocument }) => PolicyDocument)
      const length = documents.reduce<number>((sum, each) => sum + resolvedLength(each), 0)
      return tooMany(length, MAX_INLINE, `characters of the policies of ${id}`)
    }
    case 'AWS::IAM::ManagedPolicy':
      return tooMany(resolvedLength(document), MAX_MANAGED, `characters of ${id}`)
    case 'AWS::SQS::QueuePolicy':
      return tooMany(resolvedLength(document), MAX_QUEUE_POLICY, `bytes of ${id}`)
    case 'AWS::Events::EventBusPolicy':
      return tooMany(resolvedLength(statement ?? {}), MAX_BUS_POLICY, `characters of ${id}`)
    default:
      return []
  }
}

function permissionProblems({ Resources }: Template): string[] {
  const byFunction = new Map<string, number>()
  for (const { Type, Properties = {} } of Object.values(Resources)) {
    if (Type !== 'AWS::Lambda::Permission') continue
    const name = JSON.stringify(Properties.FunctionName)
    byFunction.set(name, (byFunction.get(name) ?? 0) + resolvedLength(Properties) + PERMISSION_OVERHEAD)
  }
  return [...byFunction].flatMap(([name, length]) =>
    tooMany(length, MAX_FUNCTION_POLICY, `bytes of the permissions to invoke ${name}`),
  )
}

function tooMany(got: number, most: number, what: string, remedy = ''): string[] {
  return got <= most ? [] : [`${what}: expected at most ${most}, got ${got}.${remedy}`]
}
