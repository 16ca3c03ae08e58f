// Computes how many sandboxes the functions of a package may use at most, from reserved concurrency and the limits of
// their event source mappings.
import { readFileSync } from 'node:fs'
import { isJsonObject, parseJson } from '../lib/record/json-object.ts'
import { WrongUse } from './exit.ts'

/**
 * A provisioned poller makes up to ten concurrent invocations:
 * docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
const SANDBOXES_PER_POLLER = 10

interface Resource {
  readonly Type?: unknown
  readonly Properties?: Readonly<Record<string, unknown>>
}

export interface FunctionSandboxes {
  /** The logical name of the function. */
  readonly name: string
  /** Undefined: only the account limits it. */
  readonly sandboxes: number | undefined
}

/**
 * Reads the limits from a package's template.
 * @param folder a folder that `npm run package -- --package <folder>` wrote
 * @throws WrongUse for any other folder
 */
export function sandboxesOfPackage(folder: string): FunctionSandboxes[] {
  const resources = readResources(folder)
  const ofType = (type: string) => Object.entries(resources).filter(([, { Type }]) => Type === type)
  const functionOf = (target: unknown) => {
    const id = idIn(target)
    const alias = resources[id ?? '']
    return alias?.Type === 'AWS::Lambda::Alias' ? idIn(alias.Properties?.FunctionName) : id
  }
  const mappings = ofType('AWS::Lambda::EventSourceMapping').map(([, { Properties = {} }]) => Properties)
  return ofType('AWS::Lambda::Function').map(([id, { Properties = {} }]) => {
    const name = String(Properties.FunctionName)
    const ofFunction = mappings.filter(({ FunctionName }) => functionOf(FunctionName) === id)
    const limits = [reservedOf(Properties), ofQueues(ofFunction), ofRedrive(name)].filter(limit => limit !== undefined)
    return { name, sandboxes: limits.length === 0 ? undefined : Math.min(...limits) }
  })
}

function reservedOf({ ReservedConcurrentExecutions: reserved }: Readonly<Record<string, unknown>>) {
  return typeof reserved === 'number' ? reserved : undefined
}

/** The limit of a function's queues. Undefined: no queue, or a queue without a limit. */
function ofQueues(mappings: readonly Readonly<Record<string, unknown>>[]): number | undefined {
  const limits = mappings.map(({ ScalingConfig: scaling, ProvisionedPollerConfig: pollers }) =>
    isJsonObject(pollers) && typeof pollers.MaximumPollers === 'number'
      ? pollers.MaximumPollers * SANDBOXES_PER_POLLER
      : isJsonObject(scaling) && typeof scaling.MaximumConcurrency === 'number'
        ? scaling.MaximumConcurrency
        : Number.POSITIVE_INFINITY,
  )
  const sum = limits.reduce((total, limit) => total + limit, 0)
  return limits.length > 0 && Number.isFinite(sum) ? sum : undefined
}

/** The redrive function runs one at a time, because it takes a lease. */
function ofRedrive(name: string): number | undefined {
  return name.endsWith('-redrive') ? 1 : undefined
}

/** The logical id of a resource that a `Ref` or `Fn::GetAtt` names. */
function idIn(expression: unknown): string | undefined {
  if (!isJsonObject(expression)) return undefined
  const { Ref: ref, 'Fn::GetAtt': attribute } = expression
  const id = Array.isArray(attribute) ? attribute[0] : ref
  return typeof id === 'string' ? id : undefined
}

function readResources(folder: string): Readonly<Record<string, Resource>> {
  const file = `${folder}/template.json`
  const template = parseJson(textOf(file))
  if (isJsonObject(template) && isJsonObject(template.Resources))
    return template.Resources as Readonly<Record<string, Resource>>
  throw new WrongUse(`--package ${folder}: expected a folder that npm run package wrote, got no template in ${file}.`)
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
