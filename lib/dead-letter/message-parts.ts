// Tracks the dead letters of messages that hold several records. Such a message can only be deleted as a whole.
import { DeadLetterError } from '../errors.ts'
import type { DeadLetter } from './dead-letter.ts'
import type { OpenDeadLetter, PartlyDone } from './dead-letter-store.ts'

/**
 * Keeps the open and completed dead letters in memory, because messages can't be changed. Its handles are fingerprints.
 */
export class MessageParts {
  /** The dead letters of each message that has several. */
  readonly #parts = new Map<string, readonly OpenDeadLetter<string>[]>()
  /** Versions with `inDoubt`, by fingerprint. */
  readonly #inDoubt = new Map<string, OpenDeadLetter<string>>()

  /** @returns the dead letters, each with its siblings if there are any */
  add(message: string, parts: readonly OpenDeadLetter<string>[]): readonly OpenDeadLetter<string>[] {
    if (parts.length < 2) return parts
    const withSiblings = parts.map(part => ({
      ...part,
      siblings: parts.filter(other => other !== part).map(({ deadLetter }) => deadLetter),
    }))
    this.#parts.set(message, withSiblings)
    return withSiblings
  }

  /**
   * Keeps a version that says where in the log the record may be, because it can't be written to the message.
   * @throws DeadLetterError for an edited dead letter, whose envelope would become another message of that source
   */
  replace(open: OpenDeadLetter<string>, deadLetter: DeadLetter): void {
    if (deadLetter.deadLetterId !== open.deadLetter.deadLetterId) throw notEditable()
    if (deadLetter.inDoubt !== null) this.#inDoubt.set(open.handle, { ...open, deadLetter })
  }

  /** @param isOpen whether a dead letter is open */
  partlyDone(isOpen: (handle: string) => boolean): readonly PartlyDone<string>[] {
    const groups: PartlyDone<string>[] = []
    const alone = new Map([...this.#inDoubt].filter(([handle]) => isOpen(handle)))
    for (const parts of this.#parts.values()) {
      const open = parts.filter(({ handle }) => isOpen(handle)).map(part => this.#inDoubt.get(part.handle) ?? part)
      const completed = parts.length - open.length
      const hasDoubt = open.some(({ handle }) => this.#inDoubt.has(handle))
      if (open.length === 0 || (completed === 0 && !hasDoubt)) continue
      groups.push({ completed, open })
      for (const { handle } of open) alone.delete(handle)
    }
    return [...groups, ...[...alone.values()].map(open => ({ completed: 0, open: [open] }))]
  }

  clear(): void {
    this.#parts.clear()
    this.#inDoubt.clear()
  }
}

export function notEditable(): DeadLetterError {
  return new DeadLetterError(
    'dead-letter',
    'A message of a source DLQ or failure destination can’t be edited; send it to its source again.',
  )
}
