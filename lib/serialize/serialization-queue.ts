// A call whose serializer takes its time keeps its place before later calls: they wait for it, where none has to they do not.

export class SerializationQueue {
  /** Settles when the records of all calls so far are bytes. */
  #last: Promise<unknown> | undefined

  /** @returns the parts of a call together, when those of all calls before it are ready too */
  inOrder<T>(parts: readonly (T[] | Promise<T[]>)[]): T[] | Promise<T[]> {
    const before = this.#last
    if (!before && !parts.some(part => part instanceof Promise)) return (parts as readonly T[][]).flat()
    const all = Promise.all([before, ...parts]).then(([, ...own]) => (own as T[][]).flat())
    this.#last = all
    return all.finally(() => {
      if (this.#last === all) this.#last = undefined
    })
  }
}
