// The open dead letters at one moment, which the console lists, filters and groups.
import type { OpenDeadLetter, Unreadable } from '../../lib/dead-letter/dead-letter-store.ts'
import { RowTable } from './row-table.ts'

/** More rows would need too much memory. The command has no such limit. */
const MAX_ROWS = 200_000
/** How many places that can't be read are named; the rest is only counted. */
const MAX_PLACES = 5

export interface Snapshot {
  readonly rows: RowTable
  /** The number of open dead letters that are not in the rows, because there are too many. */
  readonly further: number
  /** When the reading began, ISO 8601. */
  readonly readAt: string
  readonly unreadable: { readonly entries: number; readonly places: readonly Unreadable[] }
  /** Targets that can't be read. */
  readonly failures: readonly { readonly target: string; readonly error: string }[]
  readonly notes: readonly string[]
}

/** Collects a snapshot while the targets are read. */
export class SnapshotBuilder {
  readonly #rows = new RowTable()
  readonly #places: Unreadable[] = []
  readonly #failures: { readonly target: string; readonly error: string }[] = []
  readonly #notes: string[] = []
  readonly #readAt = new Date().toISOString()
  #further = 0
  #entries = 0

  get count(): number {
    return this.#rows.length + this.#further
  }

  add(open: OpenDeadLetter): void {
    if (this.#rows.length === MAX_ROWS) this.#further++
    else this.#rows.add(open)
  }

  addUnreadable(unreadable: Unreadable): void {
    this.#entries += unreadable.count
    if (this.#places.length < MAX_PLACES) this.#places.push(unreadable)
  }

  addFailure(target: string, error: string): void {
    this.#failures.push({ target, error })
  }

  addNote(note: string): void {
    this.#notes.push(note)
  }

  build(): Snapshot {
    return {
      rows: this.#rows,
      further: this.#further,
      readAt: this.#readAt,
      unreadable: { entries: this.#entries, places: this.#places },
      failures: this.#failures,
      notes: this.#notes,
    }
  }
}
