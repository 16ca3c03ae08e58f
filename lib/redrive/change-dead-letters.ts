// Changes open dead letters without sending them: discards, edits or unparks them. Each target is changed under its
// lease.
import { createDeadLetterPublisher } from '../create-dead-letter-publisher.ts'
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { OpenDeadLetter, Refusal, Replacement, TargetDeadLetterStore } from '../dead-letter/dead-letter-store.ts'
import { replaceAll } from '../dead-letter/replace-all.ts'
import { KafkaProducerError } from '../errors.ts'
import { withGuardedCallbacks } from '../warn.ts'
import { type Change, type ChangeCounts, ChangeRun } from './change-run.ts'
import { type CompleteClaim, claimCompleter, completeWithClaims } from './complete-claims.ts'
import type { ListContext, ListRequest } from './list-dead-letters.ts'
import { isNotCreatedYet, openDeadLetterStore } from './open-dead-letters.ts'
import { sourcesOf } from './run-redrive.ts'

/** The location that is stored for a discarded dead letter. */
const DISCARDED = 'discarded'

export interface ChangeContext extends Omit<ListContext, 'onTargetFailure'> {
  /** Called once per dead letter after the change. */
  readonly onChanged?: (open: OpenDeadLetter) => void
}

/** The counts of one target. */
export interface ChangeResult {
  readonly seen: number
  readonly changed: number
  /** Entries that can't be read as dead letters. */
  readonly unreadable: number
  /** Unchanged dead letters of partly changed messages, which were moved to the configured targets. */
  readonly moved: number
  /** Whether more dead letters match than `limit` allows to change. */
  readonly hasMore: boolean
  /** Why it ended early: `interrupted`, `already-running` (a redrive holds the lease) or an error's code. */
  readonly stopped?: string
  /** The error that stopped it. */
  readonly error?: unknown
}

/**
 * Discards dead letters: their records are never sent.
 * @returns one result per target. If a target can't be changed, the later ones still are
 */
export function discardDeadLetters(request: ListRequest, context: ChangeContext): Promise<ChangeResult[]> {
  const targets = [...context.config.deadLetter, ...sourcesOf(request, context)]
  const completeClaim = claimCompleter(targets, context.warn)
  return changeAll(request, context, async (store, batch) => {
    const discarded = batch.map(open => ({ open, location: DISCARDED }))
    await completeWithClaims(store, discarded, completeClaim)
    return []
  })
}

/** Unparks dead letters: the next redrive tries them as if it were the first. */
export function unparkDeadLetters(request: ListRequest, context: ChangeContext): Promise<ChangeResult[]> {
  return changeAll({ ...request, parked: true }, context, async (store, batch) => {
    await store.reserve(batch)
    const unparked = batch.map(open => ({
      open,
      deadLetter: { ...open.deadLetter, redrive: { ...open.deadLetter.redrive, count: 0 } },
    }))
    return replaceAll(store, unparked)
  })
}

/**
 * Replaces each dead letter by the result of `edit`. If `edit` throws, the dead letter is unchanged.
 * @param edit e.g. `editDeadLetter`
 * @throws the error of `edit`
 */
export async function replaceDeadLetters(
  request: ListRequest,
  context: ChangeContext,
  edit: (deadLetter: DeadLetter) => Promise<DeadLetter>,
): Promise<ChangeResult[]> {
  const targets = [...context.config.deadLetter, ...sourcesOf(request, context)]
  const completeClaim = claimCompleter(targets, context.warn)
  let refusal: { readonly error: unknown } | undefined
  const results = await changeAll(request, context, async (store, batch) => {
    await store.reserve(batch)
    const edited: Replacement[] = []
    for (const open of batch) {
      try {
        edited.push({ open, deadLetter: await edit(open.deadLetter) })
      } catch (error) {
        refusal = { error }
        break
      }
    }
    const refusals = await replaceAll(store, edited)
    await completeReplacedClaims(edited, refusals, completeClaim)
    if (refusal) throw refusal.error
    return refusals
  })
  if (refusal) throw refusal.error
  return results
}

/**
 * Marks the claim-check value of each dead letter whose edited version has another value: it is not needed any more.
 */
async function completeReplacedClaims(
  edited: readonly Replacement[],
  refusals: readonly Refusal[],
  completeClaim: CompleteClaim,
): Promise<void> {
  const refused = new Set(refusals.map(({ replacement }) => replacement))
  for (const replacement of edited) {
    const { open, deadLetter } = replacement
    if (!refused.has(replacement) && deadLetter.deadLetterId !== open.deadLetter.deadLetterId)
      await completeClaim(open.deadLetter)
  }
}

async function changeAll(request: ListRequest, callerContext: ChangeContext, change: Change): Promise<ChangeResult[]> {
  const context = withGuardedCallbacks(callerContext, 'onSeen', 'onNote', 'onUnreadable', 'onChanged')
  const { config, signal } = context
  const results: ChangeResult[] = []
  const targets = createDeadLetterPublisher(config, context.warn)
  let limit = request.limit ?? Number.POSITIVE_INFINITY
  for (const source of sourcesOf(request, context)) {
    const counts: ChangeCounts = { seen: 0, changed: 0, unreadable: 0, moved: 0, hasMore: false }
    results.push(counts)
    let store: TargetDeadLetterStore | undefined
    try {
      store = await openDeadLetterStore(source, config, context)
      await new ChangeRun(store, { ...request, limit }, { ...context, targets }, change, counts).run()
    } catch (error) {
      const code = codeOf(error)
      if (isNotCreatedYet(code, source, config)) continue
      counts.stopped = code === 'already-running' && signal?.aborted ? 'interrupted' : code
      counts.error = error
    } finally {
      await store?.close()
    }
    limit -= counts.changed
    if (signal?.aborted) counts.stopped ??= 'interrupted'
    if (signal?.aborted || counts.hasMore) break
  }
  await targets.close()
  return results
}

function codeOf(error: unknown): string {
  if (!(error instanceof KafkaProducerError)) return 'unavailable'
  return error.code === 'redrive-running' ? 'already-running' : error.code
}
