// What the programs of the bulk rows share: their records, and how they report their rate.

export interface Workload {
  readonly servers: string
  readonly topic: string
  readonly records: number
  /** Bytes of a record's value. */
  readonly size: number
}

/** How many calls of `sendAll`, or of a peer's equivalent, run at the same time. */
const CALLS_AT_ONCE = 4
const CALL_RECORDS = 1000
/** How many calls of `send` run at the same time. */
const OPEN_SENDS = 5000

/** @returns the workload of this process's arguments: servers, topic, records, size */
export function workload(): Workload {
  const [servers = '', topic = '', records = '', size = ''] = process.argv.slice(2)
  return { servers, topic, records: Number(records), size: Number(size) }
}

/** A thousand values of random capitals, as kafka-producer-perf-test.sh generates them. */
export function values({ size }: Workload): Buffer[] {
  return Array.from({ length: CALL_RECORDS }, () =>
    Buffer.from(Array.from({ length: size }, () => 65 + Math.floor(Math.random() * 26))),
  )
}

/** Sends the records of the workload in calls of 1,000, four at once, and prints the rate. */
export async function sendInCalls(work: Workload, call: () => Promise<unknown>): Promise<void> {
  await timed(work.records, CALLS_AT_ONCE, work.records / CALL_RECORDS, call)
}

/** Sends the records of the workload one by one, 5,000 at once, and prints the rate. */
export async function sendOneByOne(work: Workload, call: () => Promise<unknown>): Promise<void> {
  await timed(work.records, OPEN_SENDS, work.records, call)
}

/** Includes connecting, the first metadata and the time until V8 has compiled, as Java's own figure does. */
async function timed(records: number, atOnce: number, calls: number, call: () => Promise<unknown>): Promise<void> {
  const begin = performance.now()
  let remaining = calls
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (remaining-- > 0) await call()
    }),
  )
  process.stdout.write(`${(records / (performance.now() - begin)) * 1000} records/sec\n`)
}
