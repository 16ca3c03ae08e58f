// Searches the logs for the dead letters of a window: for records in doubt where they were sent, and for newer records
// of their keys where they will be sent.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { KafkaProducerError } from '../errors.ts'
import type { Candidate } from './candidate.ts'
import type { CompactedKeys } from './compacted-keys.ts'
import type { LookUpResult } from './look-up-options.ts'
import type { RedriveOptions } from './redrive-options.ts'
import { topicInDoubt, withTopic } from './retried-dead-letter.ts'
import type { TopicChecks } from './topic-checks.ts'

const IN_DOUBT_WAIT_MS = 5 * 60_000

export interface LookUpContext {
  readonly options: RedriveOptions
  readonly topics: TopicChecks
  readonly compactedKeys: CompactedKeys
  /** The partitions that could not be read in this run. */
  readonly failures: Map<string, KafkaProducerError>
}

/** @returns a result per dead letter that was looked up; the others may be sent */
export async function lookUpCandidates(
  candidates: readonly Candidate[],
  { options, topics, compactedKeys, failures }: LookUpContext,
): Promise<ReadonlyMap<DeadLetter, LookUpResult>> {
  const { log, overwrite, otherCluster = false, inDoubtWaitMs = IN_DOUBT_WAIT_MS, deadline, signal } = options
  if (!log) return new Map()
  // Imported on demand, because many runs need no look-up.
  const { lookUp } = await import('./log-look-up.ts')
  const reachable = candidates.filter(({ topic }) => topics.stoppedTopics.codeOf(topic) === undefined)
  const topicsOf = new Map(reachable.map(({ deadLetter, topic }) => [deadLetter, topic]))
  const partitions = new Map(reachable.map(({ deadLetter, partition }) => [deadLetter, partition]))
  const lookUpOptions = {
    log,
    waitMs: inDoubtWaitMs,
    isDeleted: (topic: string) => topics.isMissing(topic),
    isCompacted: (topic: string) => !overwrite && topics.isCompacted(topic),
    tombstonesKeptMs: (topic: string) => (overwrite ? undefined : topics.tombstonesKeptMs(topic)),
    topicOf: (deadLetter: DeadLetter) => topicsOf.get(deadLetter) as string,
    partitionOf: (deadLetter: DeadLetter) => partitions.get(deadLetter),
    partitionCount: (topic: string) => log.partitions(topic),
    written: (topic: string, partition: number) => compactedKeys.written(topic, partition),
    acceptOtherCluster: otherCluster,
    failures,
    // Dead letters whose look-up takes longer are kept, so that there is time to send the others.
    deadline: deadline?.limitedTo(deadline.remaining / 2),
    signal,
  }
  const results = new Map(await lookUp([...partitions.keys()], lookUpOptions))
  // A record in doubt was searched where it was sent; the topic it goes to now may have a newer record of its key.
  const moved = new Map<DeadLetter, DeadLetter>()
  for (const { deadLetter, topic, partition } of reachable) {
    const { kind = 'not-there' } = results.get(deadLetter) ?? {}
    if (kind !== 'not-there' || deadLetter.inDoubt === null) continue
    const { inDoubt } = deadLetter
    if (topicInDoubt(deadLetter) === topic && (partition ?? inDoubt.partition) === inDoubt.partition) continue
    const atTarget = withTopic({ ...deadLetter, inDoubt: null }, topic)
    moved.set(atTarget, deadLetter)
    topicsOf.set(atTarget, topic)
    partitions.set(atTarget, partition)
  }
  for (const [atTarget, result] of await lookUp([...moved.keys()], lookUpOptions))
    results.set(moved.get(atTarget) as DeadLetter, result)
  return results
}
