// How many sandboxes the functions of a package may use at most: reserved concurrency, and what the event source
// mappings of their queues allow.
import { readFileSync } from 'node:fs'
import { isJsonObject, parseJson } from '../lib/record/json-object.ts'
import { WrongUse } from './exit.ts'

/** docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html: a provisioned poller has up to ten invocations. */
const SANDBOXES_PER_POLLER = 10

interface Resource {
  readonly Type?: unknown
  readonly Properties?: Readonly<Record<string, unknown>>
}

export interface FunctionSandboxes {
  /** The name of the function. */
  readonly name: string
  /** Undefined: nothing but the account limits it. */
  readonly sandboxes: number | undefined
}

/**
 * @param folder that `npm run package -- --package <folder>` wrote
 * @throws WrongUse for any other
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

/** Undefined: no queue, or one without a limit. */
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

/** Its lease lets one run at a time. */
function ofRedrive(name: string): number | undefined {
  return name.endsWith('-redrive') ? 1 : undefined
}

/** The logical id in `Ref` or `Fn::GetAtt`. */
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
