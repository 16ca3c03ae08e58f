// A least-recently-used cache with a limit for the sum of its entries' sizes.

export class LruCache<T> {
  /** In the order of last use, because a Map iterates in insertion order. */
  readonly #entries = new Map<string, { readonly value: T; readonly size: number }>()
  readonly #maxSize: number
  #size = 0
  #latest: string | undefined

  /** @param maxSize the limit for all entries together; the latest entry is kept even if it alone exceeds it */
  constructor(maxSize: number) {
    this.#maxSize = maxSize
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key)
    if (entry && key !== this.#latest) this.#append(key, entry)
    return entry?.value
  }

  set(key: string, value: T, size: number): void {
    this.delete(key)
    this.#append(key, { value, size })
    this.#size += size
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.#maxSize || oldest === key) return
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    this.#size -= this.#entries.get(key)?.size ?? 0
    this.#entries.delete(key)
  }

  #append(key: string, entry: { readonly value: T; readonly size: number }): void {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    this.#latest = key
  }
}
