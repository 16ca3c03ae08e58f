// Keeps the order of calls: records of a topic wait for those of earlier calls whose serializers are asynchronous.

export class SerializationQueue {
  /** By topic, or another key that calls share: resolves when every call so far has left the queue. */
  readonly #left = new Map<string, Promise<unknown>>()

  /** Whether no call waits for a serializer. */
  get isIdle(): boolean {
    return this.#left.size === 0
  }

  /**
   * Waits for the parts of a call, and for every earlier call that shares a key to leave the queue. A call leaves once
   * its parts are ready or it gave up, and the earlier calls have left.
   * @param bounded rejects when the call's time is over
   */
  inOrder<T>(
    keys: readonly string[],
    parts: readonly (T | Promise<T>)[],
    bounded: (work: Promise<T[]>) => Promise<T[]>,
  ): Promise<T[]> {
    const earlier = keys.flatMap(key => this.#left.get(key) ?? [])
    const ready = bounded(Promise.all(earlier).then(() => Promise.all(parts)))
    const left = Promise.allSettled([ready, ...earlier]).then(() => {
      for (const key of keys) if (this.#left.get(key) === left) this.#left.delete(key)
    })
    for (const key of keys) this.#left.set(key, left)
    return ready
  }
}
