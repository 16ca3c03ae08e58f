// What was told of each message against the log, the dead letters and what is still in a queue.
import type { Counts } from './check.ts'

export interface Message {
  /** In a FIFO queue what comes first in a group appears first. */
  readonly group: string
  readonly n: number
  /** At fault: a dead letter, and never in the log. */
  readonly isPoison: boolean
  /** Batches whose answer let the queue forget it, or gave it back, or that ended without an answer. */
  completed: number
  returned: number
  cutOff: number
}

export interface Found {
  /** Ids, once per copy. */
  readonly log: readonly string[]
  /** Of the FIFO queue's topic, in the order of each partition. */
  readonly ordered: readonly string[]
  readonly deadLetters: readonly string[]
  readonly atSource: readonly string[]
  /** How often the function said that a record may be written. */
  readonly unknown: number
  /** Messages of invocations that ran out of the function's time. */
  readonly late: number
}

export function countMessages(
  messages: ReadonlyMap<string, Message>,
  { log, ordered, deadLetters, atSource, unknown, late }: Found,
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
  let mayRepeat = unknown
  for (const [id, { isPoison, completed, returned, cutOff }] of messages) {
    const times = copies.get(id)?.length ?? 0
    counts.unknown += cutOff
    if (returned > 0) counts.returned++
    if (completed === 0 && !kept.has(id)) counts.noFate++
    if (isPoison) {
      if (completed > 0 && deadLettered.has(id)) counts.deadLettered++
      else if (completed > 0) counts.noFate++
      if (times > 0) counts.twoFates++
      continue
    }
    if (completed > 0) counts.acked++
    if (completed > 0 && times === 0) counts.lost++
    if (deadLettered.has(id)) counts.twoFates++
    // One copy for each batch that was told as written, and one where nobody could tell; a record that went back may be there only where it was told as unknown.
    let more = Math.max(0, times - completed - cutOff)
    while (more > 0 && returned > 0 && mayRepeat > 0) {
      more--
      mayRepeat--
    }
    counts.duplicated += more
  }
  for (const id of copies.keys()) if (!messages.has(id)) counts.twoFates++
  return counts
}

/** Groups whose first appearances are not in the order of their sends. */
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
