// Lists the open dead letters of several targets without changing them.
import type { OpenDeadLetter } from '../dead-letter/dead-letter-store.ts'
import { DeadLetterError } from '../errors.ts'
import { isNotCreatedYet, openDeadLetterStore } from './open-dead-letters.ts'
import type { RedriveRequest } from './redrive-request.ts'
import { type RedriveContext, sourcesOf } from './run-redrive.ts'
import { type DeadLetterFilter, matches } from './select-dead-letters.ts'

export type ListRequest = Pick<RedriveRequest, 'from' | 'limit' | 'sourceQueue'> & DeadLetterFilter

/** Yields the open dead letters that match, from each target in turn; changes nothing. */
export async function* listDeadLetters(
  request: ListRequest,
  context: Pick<RedriveContext, 'config' | 'readSourceMessage' | 'warn'>,
): AsyncGenerator<OpenDeadLetter> {
  const { config } = context
  let remaining = request.limit ?? Number.POSITIVE_INFINITY
  for (const source of sourcesOf(request, context)) {
    const store = await openDeadLetterStore(source, config, context)
    try {
      for await (const open of store.deadLetters()) {
        if (!matches(open.deadLetter, request)) continue
        yield open
        if (--remaining <= 0) return
      }
    } catch (error) {
      if (!(error instanceof DeadLetterError) || !isNotCreatedYet(error.code, source, config)) throw error
    } finally {
      await store.close()
    }
  }
}
