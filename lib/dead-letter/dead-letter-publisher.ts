// Stores dead letters in the first target that accepts them; those that one does not store are passed to the next.
import { createHash } from 'node:crypto'
import { DeadLetterError } from '../errors.ts'
import { systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import { withTimeout } from '../time/patient-timer.ts'
import { guardedCallback } from '../warn.ts'
import type { DeadLetter } from './dead-letter.ts'
import { DEAD_LETTER_TOO_LARGE, type DeadLetterTarget, type StoreResult } from './dead-letter-target.ts'
import type { Notifier } from './notifier.ts'

export interface DeadLetterPublisherOptions {
  /** Called for each dead letter after it is stored. */
  readonly notifiers?: readonly Notifier[]
  readonly onNotifyFailure?: (error: unknown) => void
}

const NOTIFY_MS = 1000
/** The time limit for callers that pass no deadline, ms. */
const DEFAULT_MS = 30_000

export class DeadLetterPublisher {
  readonly #targets: readonly DeadLetterTarget[]
  readonly #options: DeadLetterPublisherOptions

  constructor(targets: readonly DeadLetterTarget[], options: DeadLetterPublisherOptions = {}) {
    this.#targets = targets
    this.#options = options
  }

  /** False without targets: failed records then stay with their source. */
  get isOn(): boolean {
    return this.#targets.length > 0
  }

  /**
   * Resolves with one result per dead letter, in order; never rejects. The time limit is divided so that a slow target
   * leaves time for the next ones.
   */
  async store(
    deadLetters: readonly DeadLetter[],
    deadline: Deadline = Deadline.after(systemClock, DEFAULT_MS),
  ): Promise<StoreResult[]> {
    const results: StoreResult[] = deadLetters.map(
      () => new DeadLetterError('dead-letter', 'No dead-letter target is configured.'),
    )
    for (const [at, target] of this.#targets.entries()) {
      const unstored = [...results.entries()].filter(([, result]) => typeof result !== 'string').map(([index]) => index)
      if (unstored.length === 0) break
      const share = deadline.limitedTo(deadline.remaining / (this.#targets.length - at))
      await this.#storeIn(at, target, unstored, deadLetters, results, share)
    }
    await this.#notify(deadLetters, results, deadline)
    return results
  }

  async close(): Promise<void> {
    await Promise.all(this.#targets.map(target => target.close()))
  }

  /** Notifies after storing, with a short time limit, so that the response is still returned in time. */
  async #notify(
    deadLetters: readonly DeadLetter[],
    results: readonly StoreResult[],
    deadline: Deadline,
  ): Promise<void> {
    const { notifiers = [] } = this.#options
    const onNotifyFailure = guardedCallback('onNotifyFailure', this.#options.onNotifyFailure ?? (() => {}))
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
    unstored: readonly number[],
    deadLetters: readonly DeadLetter[],
    results: StoreResult[],
    deadline: Deadline,
  ): Promise<void> {
    const deadLetterAt = (index: number) => deadLetters[index] as DeadLetter
    const newResults = await storeInTarget(target, unstored.map(deadLetterAt), deadline)
    unstored.forEach((index, i) => {
      results[index] = newResults[i] as StoreResult
    })
    for (const index of unstored) {
      const result = results[index]
      if (!(result instanceof DeadLetterError) || result.code !== DEAD_LETTER_TOO_LARGE) continue
      const withClaim = await this.#claim(at, deadLetterAt(index), deadline)
      if (withClaim) results[index] = (await storeInTarget(target, [withClaim], deadline))[0] as StoreResult
    }
  }

  /** Stores the value as a claim in a later target; returns the dead letter without its value. */
  async #claim(at: number, deadLetter: DeadLetter, deadline: Deadline): Promise<DeadLetter | undefined> {
    const { value } = deadLetter.record
    if (value === null) return undefined
    const bytes = Buffer.from(value, 'base64')
    for (const target of this.#targets.slice(at + 1)) {
      if (!target.storeClaim) continue
      try {
        const location = await withTimeout(
          systemClock,
          deadline.remaining,
          target.storeClaim(deadLetter.deadLetterId, bytes),
          late,
        )
        const claimCheck = {
          target: location,
          sha256: createHash('sha256').update(bytes).digest('hex'),
          bytes: bytes.length,
        }
        return { ...deadLetter, record: { ...deadLetter.record, value: null }, claimCheck }
      } catch {
        // Try the next target; if none accepts the claim, the next target gets the whole dead letter.
      }
    }
    return undefined
  }
}

async function storeInTarget(
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
