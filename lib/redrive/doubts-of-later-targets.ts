// Reads later targets for unknown outcomes before a run starts. A later target may hold a copy of a dead letter whose
// record may be in the log, while the copy in the first target was never sent; a run that reads the targets in turn
// would send the first copy without searching the log.
import { storeKindOf } from '../dead-letter/store-kinds.ts'
import { KafkaProducerError } from '../errors.ts'
import { guardedWarn } from '../warn.ts'
import { isNotCreatedYet, openDeadLetterStore } from './open-dead-letters.ts'
import { messageOf } from './redrive-counts.ts'
import type { RedriveSource } from './redrive-sources.ts'
import type { RedriveContext } from './run-redrive.ts'
import type { SentInRun } from './sent-in-run.ts'

/**
 * Notes which dead letters are in doubt in the targets after the first. Queues are not read, because reading hides
 * messages.
 */
export async function noteDoubtsOfLaterTargets(
  sources: readonly RedriveSource[],
  context: Pick<RedriveContext, 'config' | 'signal' | 'warn'>,
  sentInRun: SentInRun,
): Promise<void> {
  for (const source of sources.slice(1)) {
    const kind = storeKindOf(source)
    if (kind.showsSample || kind.holdsMessages) continue
    await noteDoubts(source, context, sentInRun).catch((error: unknown) => {
      // The run continues, and reports the problem when it reads this target.
      if (error instanceof KafkaProducerError && isNotCreatedYet(error.code, source, context.config)) return
      guardedWarn(context.warn)(
        `Can't find out which dead letters of ${kind.describe(source)} are in doubt: ${messageOf(error)}`,
      )
    })
  }
}

async function noteDoubts(
  source: RedriveSource,
  { config, signal, warn }: Pick<RedriveContext, 'config' | 'signal' | 'warn'>,
  sentInRun: SentInRun,
): Promise<void> {
  const store = await openDeadLetterStore(source, config, { warn })
  try {
    for await (const { deadLetter } of store.deadLetters({ purpose: 'look', ...(signal ? { signal } : {}) }))
      if (deadLetter.inDoubt) sentInRun.noteDoubt(deadLetter)
  } finally {
    await store.close()
  }
}
