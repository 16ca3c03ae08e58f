// Checks the result of a sweep: compares what the killed processes were promised with the records of the topic and the
// content of the target.

/** Kinds of dead letters, with the topics of their records; an empty name stands for the topic of the sweep. */
export const TOPICS = { sent: '', large: '', discarded: 'sweep-discarded', edited: 'sweep-edited', kept: 'sweep-kept' }
/** Too large for an item of DynamoDB: the value is in a claim check. */
export const LARGE_BYTES = 410_000
/** The batch of a redrive that was killed may be sent again where no journal says what it was sending. */
const MAX_BATCH = 100

export interface Found {
  /** The events of all processes, in order; `killed` after each that was killed. */
  readonly events: readonly string[]
  /** Whether the target notes what a redrive is sending: then no record is sent twice. */
  readonly isNoted: boolean
  /** The values of the topic. */
  readonly values: readonly string[]
  /** The record ids of the dead letters that are left, read without the product. */
  readonly left: readonly string[]
}

export interface Verdict {
  readonly kills: number
  /** Dead letters with a location. */
  readonly stored: number
  readonly completed: number
  /** Records that are in the topic once more than needed, as the documents allow. */
  readonly doubled: number
  /** Stored, and neither in the topic nor left, though nobody ended them. */
  readonly lost: string[]
  /** Tried, edited or discarded again after that was done, or left. */
  readonly cameBack: string[]
  /** More often in the topic, or more at once, than a killed redrive explains. */
  readonly tooOften: string[]
}

export function judge({ events, isNoted, values, left }: Found): Verdict {
  const stored = new Set<string>()
  const done = new Map<string, number>()
  const attempts = new Map<string, number>()
  const cameBack: string[] = []
  const tooOften: string[] = []
  let open = new Set<string>()
  const editing = new Set<string>()
  /** Both versions of a dead letter stay where its edit is killed between them. */
  const mayBeEditedAgain = new Set<string>()
  let kills = 0
  for (const event of events) {
    const [what = '', ...ids] = event.split(' ')
    if (what === 'stored') for (const id of ids) stored.add(id)
    if (what === 'edit') for (const id of ids) editing.add(id)
    if (what === 'try')
      for (const id of ids.filter(isSent)) {
        if (done.has(id) && !mayBeEditedAgain.has(id)) cameBack.push(id)
        attempts.set(id, (attempts.get(id) ?? 0) + 1)
        open.add(id)
      }
    if (what === 'completed' || what === 'discarded')
      for (const id of ids) {
        if (what === 'discarded' && done.has(id)) cameBack.push(id)
        done.set(id, (done.get(id) ?? 0) + 1)
        open.delete(id)
      }
    if (what === 'edited') for (const id of ids) editing.delete(id)
    if (what !== 'killed') continue
    kills++
    if (!isNoted && open.size > MAX_BATCH) tooOften.push(`${open.size} at kill ${kills}`)
    open = new Set()
    for (const id of editing) mayBeEditedAgain.add(id)
    editing.clear()
  }

  const copies = new Map<string, number>()
  for (const value of values) {
    const id = value.replace(/^edited:|\.+$/g, '')
    copies.set(id, (copies.get(id) ?? 0) + 1)
    // What was edited, discarded or refused is never sent as it was.
    if (/^(edited-|discarded-|kept-)/.test(value)) tooOften.push(value)
  }
  for (const [id, times] of copies) {
    const allowed = isNoted && !mayBeEditedAgain.has(id) ? 1 : (attempts.get(id) ?? 0)
    if (times > allowed) tooOften.push(id)
  }
  const remaining = new Set(left)
  const isMissing = (id: string) => {
    if (id.startsWith('kept-')) return !remaining.has(id)
    return !id.startsWith('discarded-') && !copies.has(id)
  }
  return {
    kills,
    stored: stored.size,
    completed: done.size,
    doubled: [...copies.values()].reduce((sum, times) => sum + times - 1, 0),
    lost: [...stored].filter(isMissing),
    cameBack: [...cameBack, ...[...remaining].filter(id => !id.startsWith('kept-'))],
    tooOften,
  }
}

/** Whether its record is sent by a redrive: any but those that the contract refuses. */
function isSent(id: string): boolean {
  return !id.startsWith('kept-')
}
