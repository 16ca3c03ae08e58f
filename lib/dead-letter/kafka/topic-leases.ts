// The lease of a redrive over several topics: one lease per topic, because another redrive may read only some of them.
import { DeadLetterError } from '../../errors.ts'
import type { Lease, LeaseWait, StopRequest } from '../dead-letter-store.ts'
import { type KafkaLeaseOptions, requestStop, takeLease } from './lease.ts'

type OptionsOf = (topic: string) => KafkaLeaseOptions

/**
 * @param topics sorted in the same order by all redrives, so that two which start at once conflict at the first topic
 * @throws DeadLetterError `redrive-running` while another redrive holds one of them
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

/** Asks the redrive that holds one of the topics to stop. */
export async function requestStops(topics: readonly string[], optionsOf: OptionsOf): Promise<StopRequest> {
  const answers = await Promise.all(topics.map(topic => requestStop(optionsOf(topic))))
  return answers.includes('requested') ? 'requested' : 'not-running'
}

/** Runs the work for every lease even if one fails. */
async function each(leases: readonly Lease[], work: (lease: Lease) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(leases.map(work))
  const failures = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
  const isStop = (error: unknown) => error instanceof DeadLetterError && error.code === 'stop-requested'
  if (failures.length > 0) throw failures.find(error => !isStop(error)) ?? failures[0]
}
