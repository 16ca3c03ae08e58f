// The ordered chain of targets: the first that stores a letter wins.
import type { DeadLetterChain } from '../config/settings.ts'
import { DeadLetterError } from '../errors.ts'
import { DiskDeadLetter } from './disk-dead-letter.ts'
import type { DeadLetter } from './envelope.ts'

/** What every target that stores can do: all receipts, or an error. */
export interface DeadLetterTarget {
  store(letters: readonly DeadLetter[]): Promise<string[]>
  close(): Promise<void>
}

export class DeadLetters implements DeadLetterTarget {
  readonly #targets: readonly DeadLetterTarget[]

  constructor(targets: readonly DeadLetterTarget[]) {
    this.#targets = targets
  }

  static of(chain: DeadLetterChain): DeadLetters {
    return new DeadLetters(chain.map(({ folder }) => new DiskDeadLetter(folder)))
  }

  /** False: dead letters are off, what fails stays with its source. */
  get isOn(): boolean {
    return this.#targets.length > 0
  }

  /**
   * @returns one receipt per letter
   * @throws DeadLetterError when no target stored them
   */
  async store(letters: readonly DeadLetter[]): Promise<string[]> {
    let last: unknown
    for (const target of this.#targets) {
      try {
        return await target.store(letters)
      } catch (error) {
        last = error
      }
    }
    throw last ?? new DeadLetterError('dead-letter', 'No dead-letter target is configured.')
  }

  async close(): Promise<void> {
    await Promise.all(this.#targets.map(target => target.close()))
  }
}
