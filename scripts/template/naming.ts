// Logical ids and names of resources. They depend only on the name of the source, never on its place in a list, so that
// adding, removing or reordering contracts leaves all other resources as they are.
import { fitName, MAX_QUEUE_NAME, shortHash } from '../../lib/contracts/fit-name.ts'

/** Lambda's limit for names of functions, and EventBridge's for names of rules. */
const MAX_NAME = 64
/** Leaves room, in a name of 64 characters, for the function or for the hash of a rule. */
const MAX_PREFIX = 48
const MAX_STEM = 40

/** Words of letters and digits, separated by hyphens. In CamelCase, different names of this form stay different. */
const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/
/** Queues whose logical id would be that of a resource that the template creates itself. */
const TAKEN = /^(dead-letters|event-failures|event-rule-failures|redrive-lease|.*event-source-mapping.*)$/

interface StackNames {
  /** All names of the deployment begin with it. */
  readonly service: string
  readonly stage: string
}

/** Returns `<service>-<stage>`, with which all names that the template chooses begin. */
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
 * Returns the logical id of a queue. Names that would get the same id get a hash: `a-b` becomes `ABQueue`; `a_b` and
 * `aB` get a hash, and so does `orders-fifo` because of `orders.fifo`.
 */
export function queueId(queue: string): string {
  const stem = queue.replace(/\.fifo$/, '')
  const isTheOnlyOne = KEBAB_CASE.test(stem) && !TAKEN.test(queue) && !queue.endsWith('-fifo')
  return `${isTheOnlyOne ? camelCase(queue) : hashedId(queue)}Queue`
}

/** Returns the logical id and the name of a rule. A rule whose pattern changes becomes another rule. */
export function ruleNames(prefix: string, topic: string, pattern: unknown): { id: string; name: string } {
  const hash = shortHash(`${topic} ${JSON.stringify(pattern)}`)
  return {
    id: `${camelCase(topic).slice(0, MAX_STEM)}Rule${hash}`,
    name: `${`${prefix}-${topic}`.slice(0, MAX_NAME - hash.length - 1)}-${hash}`,
  }
}

/**
 * Returns the name of a source's DLQ. With `{queue}` as the name of the queue, it is the pattern for
 * KAFKA_REDRIVE_FROM.
 */
export function sourceDlqName(prefix: string, queue: string): string {
  return fitName(`${prefix}-${queue.replace(/\.fifo$/, '')}-failures${isFifo(queue) ? '.fifo' : ''}`, MAX_QUEUE_NAME)
}

function hashedId(name: string): string {
  return `${camelCase(name).slice(0, MAX_STEM)}${shortHash(name)}`
}

/** Returns the name with which the packager's logical ids of a function begin. */
export function packagersId(functionName: string): string {
  return functionName.replace(/-/g, 'Dash').replace(/^./, first => first.toUpperCase())
}
