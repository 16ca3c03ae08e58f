// Test data for what the sender knows about leaders: which are in its rack, which accept no batches, and which
// partitions they lead.
import { LeaderAvailability } from '../../lib/send/leader-availability.ts'
import { LeaderPreference } from '../../lib/send/leader-preference.ts'
import { KnownTopic } from '../../lib/send/topic-metadata.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import type { ProduceOutcome } from '../../lib/transport/kafka-client.ts'

export const ACKED: ProduceOutcome = { kind: 'acked', baseOffset: 0n, logAppendTime: null, proof: 'all' }

export interface LeadersOptions {
  /** Undefined: partitioner.rack.aware is off. */
  readonly rack?: string | undefined
  /** partitioner.availability.timeout.ms */
  readonly timeoutMs?: number
}

export function leadersOf({ rack, timeoutMs = 0 }: LeadersOptions = {}) {
  const clock = new VirtualClock()
  const availability = new LeaderAvailability({ timeoutMs, retryBackoffMaxMs: 1000, clock })
  const preference = new LeaderPreference(() => rack, availability)
  const newTopic = () => new KnownTopic('t', { now: 0, epochMs: 0 }, preference, () => {})
  return { clock, availability, preference, newTopic }
}
