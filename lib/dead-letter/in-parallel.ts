/** The number of concurrent requests of a target. */
const PARALLEL = 8

/** Runs `work` for each item, a few at a time. @returns the results in order */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length)
  const next = items.entries()
  const worker = async () => {
    for (const [index, item] of next) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker))
  return results
}

/** Splits a list into lists of at most `size` items, in order. */
export function inChunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}

export interface AheadOptions<T> {
  /** Returns the approximate memory of a result, bytes. */
  sizeOf(item: T): number
  /** The most memory that concurrent results may take together, bytes. A single one may exceed it. */
  readonly maxBytes: number
}

/** Runs `work` for each item, a few ahead of the reader. @returns the results in order, one by one */
export async function* inParallelAhead<T, R>(
  items: AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  { sizeOf, maxBytes }: AheadOptions<T>,
): AsyncGenerator<R> {
  const pending: { readonly bytes: number; readonly result: Promise<R> }[] = []
  let bytes = 0
  const first = () => {
    const next = pending.shift() as (typeof pending)[number]
    bytes -= next.bytes
    return next.result
  }
  for await (const item of items) {
    const size = sizeOf(item)
    while (pending.length >= PARALLEL || (pending.length > 0 && bytes + size > maxBytes)) yield await first()
    const result = work(item)
    // The error is thrown when its turn comes; without this, it would be an unhandled rejection if the reader stops
    // earlier.
    result.catch(() => undefined)
    pending.push({ bytes: size, result })
    bytes += size
  }
  while (pending.length > 0) yield await first()
}
