// The state that the parts of one run share: store, options, counts, and whether the run has to end.
import type { DeadLetterStore, Lease, OpenDeadLetter } from '../dead-letter/dead-letter-store.ts'
import { type ErrorCode, KafkaProducerError } from '../errors.ts'
import { EncodingFailures } from './encoding-failures.ts'
import { RedriveCounts } from './redrive-counts.ts'
import type { RedriveOptions } from './redrive-options.ts'
import { SendingJournal } from './sending-journal.ts'

export class RunState {
  readonly store: DeadLetterStore
  readonly options: RedriveOptions
  readonly counts = new RedriveCounts()
  readonly encodingFailures = new EncodingFailures()
  /** Undefined in a dry run. */
  readonly lease: Lease | undefined
  #journal: SendingJournal | undefined

  constructor(store: DeadLetterStore, options: RedriveOptions, lease: Lease | undefined) {
    this.store = store
    this.options = options
    this.lease = lease
  }

  /** The journal; undefined if the target can’t keep it. */
  get journal(): SendingJournal | undefined {
    return this.#journal
  }

  /** Reads which dead letters an earlier run was sending when it ended. */
  async openJournal(): Promise<void> {
    const { log, onUnreadable } = this.options
    this.#journal =
      this.store.sending &&
      (await SendingJournal.open(this.store.sending, {
        clusterId: async () => (log ? log.clusterId() : null),
        isLookedUp: log !== undefined,
        onUnreadable: unreadable => {
          this.counts.unreadable += unreadable.count
          onUnreadable?.(unreadable)
        },
      }))
  }

  /** Returns whether the run has to end, and notes the reason: the deadline passed, or the signal aborted. */
  get isStopped(): boolean {
    const { deadline, signal } = this.options
    if (deadline?.passed) this.counts.stop('deadline')
    if (signal?.aborted) this.counts.stop('interrupted')
    return this.counts.stopped !== undefined
  }

  /** Keeps the first error, which ended the run. */
  readonly fail = (error: unknown): void => {
    this.counts.stop(error instanceof KafkaProducerError ? error.code : 'dead-letter', error)
  }

  stopAsDown(code: ErrorCode, error?: KafkaProducerError): void {
    this.counts.stop(code, error)
    this.options.onClusterDown?.()
  }

  /** Counts and reports a dead letter that stays. */
  skip(open: OpenDeadLetter, code: string): void {
    this.counts.fail(code)
    this.reportKept(open, code)
  }

  reportKept({ deadLetter, location }: OpenDeadLetter, code: string): void {
    this.options.onDeadLetter?.({ deadLetterId: deadLetter.deadLetterId, location, result: 'kept', code })
  }
}
