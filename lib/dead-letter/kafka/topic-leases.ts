// The lease of a redrive that reads several topics: one per topic, because another redrive may read some of them only.
import { DeadLetterError } from '../../errors.ts'
import type { Lease, LeaseWait, StopRequest } from '../dead-letter-store.ts'
import { type KafkaLeaseOptions, requestStop, takeLease } from './lease.ts'

type OptionsOf = (topic: string) => KafkaLeaseOptions

/**
 * @param topics in an order that all redrives share: of two that begin at once, the first topic decides
 * @throws DeadLetterError `redrive-running` while another redrive reads one of them
 */
export async function takeLeases(
  [first, ...others]: readonly string[],
  optionsOf: OptionsOf,
  wait?: LeaseWait,
): Promise<Lease> {
  const leases = first === undefined ? [] : [await takeLease(optionsOf(first), wait)]
  const results = await Promise.allSettled(others.map(topic => takeLease(optionsOf(topic), wait)))
  leases.push(...results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : [])))
  const refusal = results.find(result => result.status === 'rejected')
  if (refusal) {
    await each(leases, lease => lease.release())
    throw refusal.reason
  }
  return {
    check: () => each(leases, lease => lease.check()),
    renew: () => each(leases, lease => lease.renew()),
    release: () => each(leases, lease => lease.release()),
  }
}

/** Asks whoever reads one of the topics. */
export async function requestStops(topics: readonly string[], optionsOf: OptionsOf): Promise<StopRequest> {
  const answers = await Promise.all(topics.map(topic => requestStop(optionsOf(topic))))
  return answers.includes('requested') ? 'requested' : 'not-running'
}

/** An error of one lease keeps none of the others from its turn. */
async function each(leases: readonly Lease[], work: (lease: Lease) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(leases.map(work))
  const failures = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
  const isStop = (error: unknown) => error instanceof DeadLetterError && error.code === 'stop-requested'
  if (failures.length > 0) throw failures.find(error => !isStop(error)) ?? failures[0]
}
