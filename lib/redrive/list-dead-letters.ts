// Lists the open dead letters of several targets without changing them.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { OpenDeadLetter, TargetDeadLetterStore } from '../dead-letter/dead-letter-store.ts'
import { DeadLetterError } from '../errors.ts'
import { withGuardedCallbacks } from '../warn.ts'
import { isNotCreatedYet, openDeadLetterStore } from './open-dead-letters.ts'
import type { RedriveRequest } from './redrive-request.ts'
import type { RedriveSource } from './redrive-sources.ts'
import { type RedriveContext, sourcesOf } from './run-redrive.ts'
import { type DeadLetterFilter, matches } from './select-dead-letters.ts'

export type ListRequest = Pick<RedriveRequest, 'from' | 'limit' | 'sourceQueue'> & DeadLetterFilter

export interface ListContext
  extends Pick<RedriveContext, 'config' | 'readSourceMessage' | 'warn' | 'signal' | 'onUnreadable'> {
  /** Called with every open dead letter that was read, including those that the filter excludes. */
  readonly onSeen?: (deadLetter: DeadLetter) => void
  /** Called with notes about a target, e.g. the message counts of a queue. */
  readonly onNote?: (note: string) => void
  /**
   * Called if a target can't be read; then the next one is read. Default: the error is thrown, and no further target is
   * read.
   */
  readonly onTargetFailure?: (source: RedriveSource, error: unknown) => void
}

/** Yields the open dead letters that match, from each target in turn; changes nothing. */
export async function* listDeadLetters(
  request: ListRequest,
  callerContext: ListContext,
): AsyncGenerator<OpenDeadLetter> {
  const context = withGuardedCallbacks(callerContext, 'onSeen', 'onNote', 'onUnreadable')
  const { config, signal, onTargetFailure } = context
  let remaining = request.limit ?? Number.POSITIVE_INFINITY
  for (const source of sourcesOf(request, context)) {
    let store: TargetDeadLetterStore | undefined
    try {
      store = await openDeadLetterStore(source, config, context)
      for await (const open of matching(store, request, context)) {
        yield open
        if (--remaining <= 0) return
      }
      for (const note of (await store.notes?.()) ?? []) context.onNote?.(note)
    } catch (error) {
      if (error instanceof DeadLetterError && isNotCreatedYet(error.code, source, config)) continue
      if (!onTargetFailure) throw error
      onTargetFailure(source, error)
    } finally {
      await store?.close()
    }
    if (signal?.aborted) return
  }
}

async function* matching(
  store: TargetDeadLetterStore,
  request: ListRequest,
  { signal, onSeen, onUnreadable }: ListContext,
): AsyncGenerator<OpenDeadLetter> {
  const reading = store.deadLetters({ purpose: 'look', signal, ...(onUnreadable ? { onUnreadable } : {}) })
  for await (const open of reading) {
    if (signal?.aborted) return
    onSeen?.(open.deadLetter)
    if (matches(open.deadLetter, request)) yield open
  }
}
