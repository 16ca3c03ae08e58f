// Calls append in their order: one that waits for memory half-way must not be overtaken by a later one.

export class AppendOrder {
  #last: Promise<void> | undefined

  enter(): Turn {
    const before = this.#last
    let mine: PromiseWithResolvers<void> | undefined
    const hold = () => {
      if (mine) return
      mine = Promise.withResolvers<void>()
      this.#last = mine.promise
    }
    if (before) hold()
    const leave = () => {
      if (this.#last === mine?.promise) this.#last = undefined
      mine?.resolve()
    }
    return { before, hold, leave }
  }
}

export interface Turn {
  /** Settles when the calls before have appended; undefined: none is under way. */
  readonly before: Promise<void> | undefined
  /** To be called before this call waits: later ones then wait for it. */
  hold(): void
  leave(): void
}
