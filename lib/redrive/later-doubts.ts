// A copy of a dead letter may lie in a later target of the chain and be in doubt there, while the first target's copy
// was never sent. A run that reads the targets in turn would send the first copy without a look in the log.
import { storeKindOf } from '../dead-letter/store-kinds.ts'
import { KafkaProducerError } from '../errors.ts'
import { guardedWarn } from '../warn.ts'
import { isNotCreatedYet, openDeadLetterStore } from './open-dead-letters.ts'
import { messageOf } from './redrive-counts.ts'
import type { RedriveSource } from './redrive-sources.ts'
import type { RedriveContext } from './run-redrive.ts'
import type { SentInRun } from './sent-in-run.ts'

/** Notes which dead letters are in doubt in the targets after the first. A queue is not read: a look hides messages. */
export async function noteLaterDoubts(
  sources: readonly RedriveSource[],
  context: Pick<RedriveContext, 'config' | 'signal' | 'warn'>,
  sentInRun: SentInRun,
): Promise<void> {
  for (const source of sources.slice(1)) {
    const kind = storeKindOf(source)
    if (kind.showsSample || kind.holdsMessages) continue
    await noteDoubts(source, context, sentInRun).catch((error: unknown) => {
      // The run goes on: it reports what keeps this target from being read when it comes to it.
      if (error instanceof KafkaProducerError && isNotCreatedYet(error.code, source, context.config)) return
      guardedWarn(context.warn)(
        `Which dead letters of ${kind.describe(source)} are in doubt is not known: ${messageOf(error)}`,
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
