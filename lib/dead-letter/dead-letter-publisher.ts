// Stores dead letters in the first target that takes them: what one does not store, the next one is given.
import { createHash } from 'node:crypto'
import { DeadLetterError } from '../errors.ts'
import { systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import { withTimeout } from '../time/patient-timer.ts'
import type { DeadLetter } from './dead-letter.ts'
import { DEAD_LETTER_TOO_LARGE, type DeadLetterTarget, type StoreResult } from './dead-letter-target.ts'
import type { Notifier } from './notifier.ts'

export interface DeadLetterPublisherOptions {
  /** Notified of each dead letter after it is stored. */
  readonly notifiers?: readonly Notifier[]
  readonly onNotifyFailure?: (error: unknown) => void
}

const NOTIFY_MS = 1000
/** For callers without a deadline of their own. */
const DEFAULT_MS = 30_000

export class DeadLetterPublisher {
  readonly #targets: readonly DeadLetterTarget[]
  readonly #options: DeadLetterPublisherOptions

  constructor(targets: readonly DeadLetterTarget[], options: DeadLetterPublisherOptions = {}) {
    this.#targets = targets
    this.#options = options
  }

  /** False: dead letters are off, what fails stays with its source. */
  get isOn(): boolean {
    return this.#targets.length > 0
  }

  /** One result per dead letter, in their order; never rejects. A target that is slow leaves time for those after it. */
  async store(
    deadLetters: readonly DeadLetter[],
    deadline: Deadline = Deadline.after(systemClock, DEFAULT_MS),
  ): Promise<StoreResult[]> {
    const results: StoreResult[] = deadLetters.map(
      () => new DeadLetterError('dead-letter', 'No dead-letter target is configured.'),
    )
    for (const [at, target] of this.#targets.entries()) {
      const open = [...results.entries()].filter(([, result]) => typeof result !== 'string').map(([index]) => index)
      if (open.length === 0) break
      const share = deadline.limitedTo(deadline.remaining / (this.#targets.length - at))
      await this.#storeIn(at, target, open, deadLetters, results, share)
    }
    await this.#notify(deadLetters, results, deadline)
    return results
  }

  async close(): Promise<void> {
    await Promise.all(this.#targets.map(target => target.close()))
  }

  /** Told after storing, and for a moment at most: the answer must still leave. */
  async #notify(
    deadLetters: readonly DeadLetter[],
    results: readonly StoreResult[],
    deadline: Deadline,
  ): Promise<void> {
    const { notifiers = [], onNotifyFailure = () => {} } = this.#options
    const stored = deadLetters.flatMap((deadLetter, index) =>
      typeof results[index] === 'string' ? [{ deadLetter, location: results[index] }] : [],
    )
    if (stored.length === 0) return
    const ms = Math.min(NOTIFY_MS, deadline.remaining)
    await Promise.all(
      notifiers.map(notifier => withTimeout(systemClock, ms, notifier.notify(stored, ms), late).catch(onNotifyFailure)),
    )
  }

  async #storeIn(
    at: number,
    target: DeadLetterTarget,
    open: readonly number[],
    deadLetters: readonly DeadLetter[],
    results: StoreResult[],
    deadline: Deadline,
  ): Promise<void> {
    const deadLetterAt = (index: number) => deadLetters[index] as DeadLetter
    const stored = await ask(target, open.map(deadLetterAt), deadline)
    open.forEach((index, i) => {
      results[index] = stored[i] as StoreResult
    })
    for (const index of open) {
      const result = results[index]
      if (!(result instanceof DeadLetterError) || result.code !== DEAD_LETTER_TOO_LARGE) continue
      const withClaim = await this.#claim(at, deadLetterAt(index), deadline)
      if (withClaim) results[index] = (await ask(target, [withClaim], deadline))[0] as StoreResult
    }
  }

  /** The dead letter without its value, which the next target that can has taken. */
  async #claim(at: number, deadLetter: DeadLetter, deadline: Deadline): Promise<DeadLetter | undefined> {
    const { value } = deadLetter.record
    if (value === null) return undefined
    const bytes = Buffer.from(value, 'base64')
    for (const target of this.#targets.slice(at + 1)) {
      if (!target.storeClaim) continue
      try {
        const kept = await withTimeout(
          systemClock,
          deadline.remaining,
          target.storeClaim(deadLetter.deadLetterId, bytes),
          late,
        )
        const claimCheck = {
          target: kept,
          sha256: createHash('sha256').update(bytes).digest('hex'),
          bytes: bytes.length,
        }
        return { ...deadLetter, record: { ...deadLetter.record, value: null }, claimCheck }
      } catch {
        // The next target may take it; the dead letter as a whole is then offered to each in turn.
      }
    }
    return undefined
  }
}

async function ask(
  target: DeadLetterTarget,
  deadLetters: readonly DeadLetter[],
  deadline: Deadline,
): Promise<readonly StoreResult[]> {
  try {
    if (deadline.passed) throw late()
    return await withTimeout(systemClock, deadline.remaining, target.store(deadLetters, deadline), late)
  } catch (error) {
    const failure =
      error instanceof DeadLetterError
        ? error
        : new DeadLetterError('dead-letter', 'A dead-letter target failed; its cause has the details.', {
            cause: error,
          })
    return deadLetters.map(() => failure)
  }
}

function late(): DeadLetterError {
  return new DeadLetterError('dead-letter', 'A dead-letter target did not answer in time.', { retriable: true })
}
