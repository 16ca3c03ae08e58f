// Event source mappings, by which Lambda polls queues.
import type { MappingResource } from './deployment-model.ts'
import { queueArnOf } from './existing-queues.ts'
import { isFifo, packagersId, queueId } from './naming.ts'
import type { DeployOptions } from './options.ts'
import { valueFor } from './parameters/parameter.ts'

const BATCH_SIZE = 1000
const FIFO_BATCH_SIZE = 10

/**
 * Returns the mapping of a queue.
 * @param queue its deployed name, with the prefix of the stage
 */
export function mappingOf(queue: string, options: DeployOptions): MappingResource {
  const key = isFifo(queue) ? 'sqs-fifo' : 'sqs'
  const maximum = valueFor(options.maximumPollers, queue)
  return {
    // The id that osls gave it before: Lambda refuses a second mapping of a queue to a function while the first exists.
    id: `${packagersId(key)}EventSourceMappingSQS${queueId(queue)}`,
    function: key,
    queue,
    queueArn: queueArnOf(queue, options),
    batchSize: valueFor(options.batchSize, queue) ?? (isFifo(queue) ? FIFO_BATCH_SIZE : BATCH_SIZE),
    windowS: isFifo(queue) ? undefined : (valueFor(options.batchWindowS, queue) ?? 1),
    maximumConcurrency: maximum === undefined ? valueFor(options.maximumConcurrency, queue) : undefined,
    pollers: maximum === undefined ? undefined : { minimum: valueFor(options.minimumPollers, queue) ?? 2, maximum },
    filterPatterns: valueFor(options.filterPatterns, queue),
  }
}

/** @returns what Lambda would refuse, or what would have no effect */
export function mappingProblems(queues: readonly string[], options: DeployOptions): string[] {
  return queues.flatMap(queue => [...batchProblems(queue, options), ...pollerProblems(queue, options)])
}

function batchProblems(queue: string, options: DeployOptions): string[] {
  const { batchSize, windowS } = mappingOf(queue, options)
  if (!isFifo(queue))
    return batchSize > FIFO_BATCH_SIZE && windowS === 0
      ? [`--param batchWindowS: expected at least 1 with batches of more than 10 for ${queue}, got 0.`]
      : []
  return [
    ...(batchSize > FIFO_BATCH_SIZE
      ? [
          `--param batchSize: expected at most 10 for the FIFO queue ${queue}, got ${batchSize}; ` +
            `set batchSize.${queue}.`,
        ]
      : []),
  ]
}

function pollerProblems(queue: string, options: DeployOptions): string[] {
  const maximum = valueFor(options.maximumPollers, queue)
  const minimum = valueFor(options.minimumPollers, queue)
  if (maximum === undefined)
    return minimum === undefined ? [] : [`--param minimumPollers: expected maximumPollers too for ${queue}.`]
  return [
    ...(minimum !== undefined && minimum > maximum
      ? [`--param minimumPollers: expected at most maximumPollers (${maximum}) for ${queue}, got ${minimum}.`]
      : []),
  ]
}
