// Sends the records of dead letters again, as the same bytes. A dead letter is completed only after the
// acknowledgement; if the send fails, it stays open. An error of one dead letter does not stop the others.

import type { DeadLetterStore, Lease, OpenDeadLetter } from '../dead-letter/dead-letter-store.ts'
import { isProbe } from '../dead-letter/probe.ts'
import { sizeInMemory } from '../dead-letter/size-in-memory.ts'
import { CLUSTER_FAILURES, type KafkaProducerError } from '../errors.ts'
import { withGuardedCallbacks } from '../warn.ts'
import { BatchRedriver } from './batch-redriver.ts'
import { batchesOf, type Candidate } from './candidate.ts'
import { CompactedKeys } from './compacted-keys.ts'
import { divideMessages } from './divide-messages.ts'
import { lookUpCandidates } from './look-up-candidates.ts'
import type { RedriveOptions, RedriveResult } from './redrive-options.ts'
import { RunState } from './run-state.ts'
import { takeCandidate, whyUntried } from './take-candidate.ts'
import { TopicChecks } from './topic-checks.ts'
import { underLease } from './under-lease.ts'

export type { DeadLetterResult, RedriveLog, RedriveOptions, RedriveResult } from './redrive-options.ts'

const CONCURRENCY = 100
/** About this many bytes of dead letters are read before one pass over the logs looks them all up. */
const WINDOW_BYTES = 32 * 1024 * 1024

/**
 * Sends the open dead letters of a store again. A run that stops early returns its counts up to then.
 * @throws DeadLetterError `redrive-running` while another redrive holds the lease; the store's error if it can't grant
 * a lease
 */
export function redrive(store: DeadLetterStore, callerOptions: RedriveOptions): Promise<RedriveResult> {
  // A callback that throws between a send and its completion would leave a record to be sent again.
  const options = withGuardedCallbacks(callerOptions, 'onProgress', 'onDeadLetter', 'onSeen', 'onUnreadable')
  const work = async (lease: Lease | undefined) => {
    const run = new RunState(store, options, lease)
    try {
      await run.openJournal()
      const isDone = await new Redrive(run).run().then(() => true, run.fail)
      await endJournal(run)
      // Checked again, because only the holder of the lease may tidy.
      await lease?.check()
      if (lease && isDone) await store.tidy()
    } catch (error) {
      run.fail(error)
    }
    return run.counts.result()
  }
  if (options.dryRun) return work(undefined)
  const { signal, deadline, warn } = options
  return underLease(store, { mayGoOn: () => !signal?.aborted && !deadline?.passed, onWait: warn }, work)
}

/**
 * Renews the lease first: without it, another redrive may have changed these dead letters, and the journal must be
 * kept.
 */
async function endJournal({ journal, lease, counts }: RunState): Promise<void> {
  if (!journal || !lease) return
  await lease.renew()
  await journal.end(counts.stopped === undefined && !counts.hasMore && counts.unreadable === 0)
}

class Redrive {
  readonly #run: RunState
  readonly #topics: TopicChecks
  readonly #compactedKeys = new CompactedKeys()
  readonly #batches: BatchRedriver
  /** The partitions that could not be read. */
  readonly #failures = new Map<string, KafkaProducerError>()

  constructor(run: RunState) {
    this.#run = run
    this.#topics = new TopicChecks(run.options)
    this.#batches = new BatchRedriver(run, this.#topics, this.#compactedKeys)
  }

  async run(): Promise<void> {
    const { store, options, counts } = this.#run
    for (;;) {
      const before = counts.resent + counts.found
      await this.#readOnce()
      await this.#divideMessages()
      const progress = counts.resent + counts.found - before
      if (!store.givesMoreAfterCompletion || progress === 0 || options.dryRun || this.#run.isStopped) return
    }
  }

  async #divideMessages(): Promise<void> {
    const { store, options, counts } = this.#run
    if (options.dryRun) return
    const { moved, left } = await divideMessages(store, options.deadLetterTargets)
    counts.moved += moved
    counts.notCompleted += left
  }

  async #readOnce(): Promise<void> {
    const { store, options, counts } = this.#run
    const { limit = Number.POSITIVE_INFINITY, signal, onUnreadable } = options
    const probes: OpenDeadLetter[] = []
    let window: Candidate[] = []
    let bytes = 0
    const reading = store.deadLetters({
      purpose: options.dryRun ? 'look' : 'redrive',
      signal,
      onUnreadable: unreadable => {
        counts.unreadable += unreadable.count
        onUnreadable?.(unreadable)
      },
    })
    for await (const read of reading) {
      const journaled = this.#run.journal?.withDoubt(read.deadLetter) ?? read.deadLetter
      const open = { ...read, deadLetter: options.sentInRun?.withDoubt(journaled) ?? journaled }
      if (open.deadLetter.inDoubt) options.sentInRun?.noteDoubt(open.deadLetter)
      // All dead letters of a message go into one window; they follow each other.
      const isNext = open.siblings === undefined || window.at(-1)?.open.location !== open.location
      if (this.#run.isStopped) break
      if (isNext && counts.tried + window.length >= limit) {
        counts.hasMore = whyUntried(open.deadLetter, options) === undefined
        if (counts.hasMore) break
        continue
      }
      counts.seen++
      options.onSeen?.(open.deadLetter)
      if (isProbe(open.deadLetter) && !options.dryRun) {
        probes.push(open)
        continue
      }
      const candidate = takeCandidate(open, this.#run)
      if (!candidate) continue
      window.push(candidate)
      bytes += sizeInMemory(open.deadLetter)
      if (bytes < WINDOW_BYTES) continue
      await this.#work(window)
      window = []
      bytes = 0
    }
    if (window.length > 0 && !this.#run.isStopped) await this.#work(window)
    await this.#removeProbes(probes)
  }

  /** Removes test dead letters that the doctor could not find again in a full target. */
  async #removeProbes(probes: readonly OpenDeadLetter[]): Promise<void> {
    const { store, lease } = this.#run
    if (probes.length === 0 || this.#run.isStopped) return
    await lease?.check()
    await store.complete(probes.map(open => ({ open, location: 'doctor' })))
  }

  /** Handles one window: checks the topics' settings and logs, then sends batch by batch. */
  async #work(window: readonly Candidate[]): Promise<void> {
    const { options } = this.#run
    const unanswered = await this.#topics.load(window)
    // If no broker answers or authenticates this client, every send would fail.
    if (unanswered && CLUSTER_FAILURES.has(unanswered.code)) return this.#run.stopAsDown(unanswered.code, unanswered)
    const checked = await this.#topics.check(window)
    const context = {
      options,
      topics: this.#topics,
      compactedKeys: this.#compactedKeys,
      failures: this.#failures,
    }
    const results = await lookUpCandidates(
      checked.filter(({ keptFor }) => keptFor === undefined),
      context,
    )
    const { concurrency = CONCURRENCY, rate = Number.POSITIVE_INFINITY } = options
    for (const batch of batchesOf(checked, Math.max(1, Math.min(concurrency, rate)))) {
      if (this.#run.isStopped) return
      await this.#batches.redrive(batch, results)
    }
  }
}
