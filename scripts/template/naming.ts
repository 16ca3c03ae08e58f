// Logical ids and names of resources. They follow from the name of the source alone, never from its place in a list:
// adding, removing or reordering contracts leaves those of all other resources as they are.
import { fitName, MAX_QUEUE_NAME, shortHash } from '../../lib/contracts/fit-name.ts'

/** Lambda's limit for names of functions, and EventBridge's for names of rules. */
const MAX_NAME = 64
/** Leaves room in a name of 64 letters for the function, or for a rule's hash. */
const MAX_PREFIX = 48
const MAX_STEM = 40

/** Words of letters and digits with hyphens between them: CamelCase tells each of them from all others. */
const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/
/** Queues whose id would be that of a resource that the template creates itself. */
const TAKEN = /^(dead-letters|event-failures|event-rule-failures|redrive-lease|.*event-source-mapping.*)$/

interface StackNames {
  /** What all names of the deployment begin with. */
  readonly service: string
  readonly stage: string
}

/** `<service>-<stage>`: every name that the template chooses begins with it. */
export function prefixOf({ service, stage }: StackNames): string {
  return fitName(`${service}-${stage}`, MAX_PREFIX)
}

export function isFifo(queue: string): boolean {
  return queue.endsWith('.fifo')
}

export function camelCase(name: string): string {
  return name
    .replace(/[^A-Za-z0-9]+(.)?/g, (_, next: string = '') => next.toUpperCase())
    .replace(/^./, first => first.toUpperCase())
}

/**
 * Returns the logical id of a queue. Names that would share one get a hash: `a-b` is `ABQueue`, `a_b` and `aB` have
 * one, and so has `orders-fifo` beside `orders.fifo`.
 */
export function queueId(queue: string): string {
  const stem = queue.replace(/\.fifo$/, '')
  const isTheOnlyOne = KEBAB_CASE.test(stem) && !TAKEN.test(queue) && !queue.endsWith('-fifo')
  return `${isTheOnlyOne ? camelCase(queue) : hashedId(queue)}Queue`
}

/** Returns the logical id and the name of a rule. A rule whose pattern changes is a new one. */
export function ruleNames(prefix: string, topic: string, pattern: unknown): { id: string; name: string } {
  const hash = shortHash(`${topic} ${JSON.stringify(pattern)}`)
  return {
    id: `${camelCase(topic).slice(0, MAX_STEM)}Rule${hash}`,
    name: `${`${prefix}-${topic}`.slice(0, MAX_NAME - hash.length - 1)}-${hash}`,
  }
}

/** The name of a source's DLQ; `{queue}` in the place of its name makes the pattern of KAFKA_REDRIVE_FROM. */
export function sourceDlqName(prefix: string, queue: string): string {
  return fitName(`${prefix}-${queue.replace(/\.fifo$/, '')}-failures${isFifo(queue) ? '.fifo' : ''}`, MAX_QUEUE_NAME)
}

function hashedId(name: string): string {
  return `${camelCase(name).slice(0, MAX_STEM)}${shortHash(name)}`
}

/** The name by which the packager's logical ids of a function begin. */
export function packagersId(functionName: string): string {
  return functionName.replace(/-/g, 'Dash').replace(/^./, first => first.toUpperCase())
}
