// What a run has sent, over all of its targets: one that stored a dead letter and answered too late has it as well as
// the next one, and its record must not be sent for each of them.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { type DeadLetterHistory, mergeDeadLetters } from '../dead-letter/merge-dead-letters.ts'

/** About 25 MB. What a run sends beyond is sent again if another target has it too. */
const MAX_REMEMBERED = 100_000

export class SentInRun {
  readonly #locations = new Map<string, string>()
  readonly #doubts = new Map<string, DeadLetterHistory>()

  /** @param location where its record is in Kafka */
  noteSent({ deadLetterId }: DeadLetter, location: string): void {
    if (this.#locations.size < MAX_REMEMBERED) this.#locations.set(deadLetterId, location)
  }

  noteDoubt({ deadLetterId, failure, inDoubt, redrive }: DeadLetter): void {
    if (this.#doubts.size < MAX_REMEMBERED) this.#doubts.set(deadLetterId, { failure, inDoubt, redrive })
  }

  locationOf({ deadLetterId }: DeadLetter): string | undefined {
    return this.#locations.get(deadLetterId)
  }

  /** Returns the dead letter with the doubt of a copy that the run met in another target. */
  withDoubt(deadLetter: DeadLetter): DeadLetter {
    const doubt = this.#doubts.get(deadLetter.deadLetterId)
    return doubt ? mergeDeadLetters(deadLetter, doubt) : deadLetter
  }
}
