// Compares what was reported about each message with the log, the dead letters and the queues.
import type { Counts } from './check.ts'

export interface Message {
  /** In a FIFO queue, the messages of a group must appear in the order of `n`. */
  readonly group: string
  readonly n: number
  /** Whether the message is invalid, so that it must be in a dead letter and never in the log. */
  readonly isInvalid: boolean
  /** How many batches deleted the message, returned it, or ended without a response. */
  completed: number
  returned: number
  cutOff: number
}

export interface Observed {
  /** Record ids, one per copy. */
  readonly log: readonly string[]
  /** Record ids in the FIFO queue's topic, in the order of each partition. */
  readonly ordered: readonly string[]
  readonly deadLetters: readonly string[]
  readonly atSource: readonly string[]
  /** How often the function reported the outcome `unknown`. */
  readonly unknown: number
  /** The number of messages of invocations that timed out. */
  readonly late: number
}

export function countMessages(
  messages: ReadonlyMap<string, Message>,
  { log, ordered, deadLetters, atSource, unknown, late }: Observed,
): Counts {
  const copies = Map.groupBy(log, id => id)
  const deadLettered = new Set(deadLetters)
  const kept = new Set(atSource)
  const counts = {
    acked: 0,
    unknown,
    deadLettered: 0,
    returned: 0,
    lost: 0,
    duplicated: 0,
    twoFates: 0,
    noFate: 0,
    late,
    disordered: disorderedGroups(messages, ordered),
  }
  let allowedDuplicates = unknown
  for (const [id, { isInvalid, completed, returned, cutOff }] of messages) {
    const times = copies.get(id)?.length ?? 0
    counts.unknown += cutOff
    if (returned > 0) counts.returned++
    if (completed === 0 && !kept.has(id)) counts.noFate++
    if (isInvalid) {
      if (completed > 0 && deadLettered.has(id)) counts.deadLettered++
      else if (completed > 0) counts.noFate++
      if (times > 0) counts.twoFates++
      continue
    }
    if (completed > 0) counts.acked++
    if (completed > 0 && times === 0) counts.lost++
    if (deadLettered.has(id)) counts.twoFates++
    // Allowed: one copy per batch that reported it as delivered, one per batch that was cut off, and one per `unknown`.
    let excess = Math.max(0, times - completed - cutOff)
    while (excess > 0 && returned > 0 && allowedDuplicates > 0) {
      excess--
      allowedDuplicates--
    }
    counts.duplicated += excess
  }
  for (const id of copies.keys()) if (!messages.has(id)) counts.twoFates++
  return counts
}

/** Counts groups whose messages first appear in another order than they were sent. */
function disorderedGroups(messages: ReadonlyMap<string, Message>, ordered: readonly string[]): number {
  const seen = new Set<string>()
  const last = new Map<string, number>()
  const disordered = new Set<string>()
  for (const id of ordered) {
    const message = messages.get(id)
    if (!message || seen.has(id)) continue
    seen.add(id)
    if (message.n < (last.get(message.group) ?? -1)) disordered.add(message.group)
    last.set(message.group, message.n)
  }
  return disordered.size
}
