// The queues of the contracts as a deployment with the stage `local` has them: each with its source DLQ, the queue of
// dead letters, the failure destinations of events, and the lease of redrives.
import type { Contracts } from '../lib/contracts/contract.ts'
import { failureDestinationsOf } from '../scripts/template/failure-destinations.ts'
import { prefixOf } from '../scripts/template/naming.ts'
import { DEFAULTS } from '../scripts/template/options.ts'
import { queuesOf } from '../scripts/template/queues.ts'
import type { LocalQueue } from './sqs/elasticmq.ts'

const PREFIX = prefixOf({ service: DEFAULTS.serviceName, stage: 'local' })
/** The queue for events whose function failed too often. */
export const EVENT_FAILURES = 'EventFailuresQueue'
/** How long an outage may last before a message goes to its source DLQ, s. */
const OUTAGE_S = 3600

export function queueNames(contracts: Contracts): string[] {
  return [...contracts.values()].flatMap(({ sqs }) => sqs.map(({ queue }) => queue))
}

/**
 * The queues of the template. CloudFormation would complete the names that the template leaves open; here, their ids
 * are used.
 */
function deployedQueues(contracts: Contracts) {
  const sources = [...contracts.values()].flatMap(({ topic, sqs }) => sqs.map(({ queue }) => ({ queue, topic })))
  // There is no local S3, so event failures go to SQS.
  const destinations = failureDestinationsOf(true, { eventFailures: 'sqs' })
  return queuesOf(PREFIX, sources, destinations, DEFAULTS).map(queue => ({
    ...queue,
    name: queue.queueName ?? queue.id,
  }))
}

/** @param visibilityS longer than the functions' timeout, so that a batch in flight is not delivered twice */
export function localQueues(contracts: Contracts, visibilityS: number): LocalQueue[] {
  const queues = deployedQueues(contracts).filter(({ holds }) => holds !== 'lease')
  const nameOf = new Map(queues.map(({ id, name }) => [id, name]))
  return queues
    .map(({ name, redrive }): LocalQueue => {
      const to = redrive && nameOf.get(redrive.dlqId)
      if (to === undefined) return { name, visibilityS }
      return { name, visibilityS, redrive: { to, maxReceiveCount: Math.ceil(OUTAGE_S / visibilityS) } }
    })
    .sort((a, b) => Number(a.redrive !== undefined) - Number(b.redrive !== undefined))
}

/** The queue whose message in flight is the lease of a redrive (lib/dead-letter/sqs/lease.ts). */
export function leaseQueue(visibilityS: number): LocalQueue {
  return { name: leaseName(), visibilityS }
}

/** What a redrive reads in addition to the dead-letter targets, with the role of each queue, as in the template. */
export function redriveSettings(
  contracts: Contracts,
  { queueUrl }: { queueUrl(name: string): string },
): { readonly KAFKA_REDRIVE_FROM: string; readonly KAFKA_REDRIVE_LEASE_QUEUE: string } {
  const queues = localQueues(contracts, 1)
  const sourceDlqs = queues.flatMap(({ name, redrive }) =>
    redrive ? [`source-dlq:${queueUrl(redrive.to)}?source=${name}`] : [],
  )
  const failures = deployedQueues(contracts).filter(({ holds }) => holds === 'failure-destination')
  return {
    KAFKA_REDRIVE_FROM: [...sourceDlqs, ...failures.map(({ name }) => `failure-destination:${queueUrl(name)}`)].join(),
    KAFKA_REDRIVE_LEASE_QUEUE: queueUrl(leaseName()),
  }
}

function leaseName(): string {
  return deployedQueues(new Map()).find(({ holds }) => holds === 'lease')?.name as string
}
