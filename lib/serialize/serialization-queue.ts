// Keeps calls in order: a call waits for earlier calls whose serializers are asynchronous, and for no others.

export class SerializationQueue {
  /** Resolves when the records of all calls so far are serialized. */
  #last: Promise<unknown> | undefined

  /** @returns the parts of a call as one list, once the parts of all earlier calls are ready too */
  inOrder<T>(parts: readonly (T[] | Promise<T[]>)[]): T[] | Promise<T[]> {
    const earlier = this.#last
    if (!earlier && !parts.some(part => part instanceof Promise)) return (parts as readonly T[][]).flat()
    const all = Promise.all([earlier, ...parts]).then(([, ...lists]) => (lists as T[][]).flat())
    this.#last = all
    return all.finally(() => {
      if (this.#last === all) this.#last = undefined
    })
  }
}
