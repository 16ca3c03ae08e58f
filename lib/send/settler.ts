// Tells each record's caller what became of it: once, and at the latest at the record's own deadline.
import type { ProducerBatch, RecordOutcome, Rider } from '../accumulate/producer-batch.ts'
import type { FailedOutcome, Fault } from '../errors.ts'
import type { Clock } from '../time/clock.ts'
import type { ProduceOutcome } from '../transport/kafka-client.ts'
import { DeadlineWatch } from './deadline-watch.ts'

export interface Reason {
  readonly code: string
  readonly fault?: Fault
  readonly cause?: unknown
}

export class Settler {
  readonly #clock: Clock
  readonly #deadlines: DeadlineWatch
  readonly #onSettled: (rider: Rider, acknowledged: boolean) => void

  /** @param onPassed is told the records whose deadline has passed and that nobody settled before; `onSettled` each record, once */
  constructor(clock: Clock, onPassed: (riders: readonly Rider[]) => void, onSettled: (rider: Rider, acknowledged: boolean) => void) {
    this.#clock = clock
    this.#onSettled = onSettled
    this.#deadlines = new DeadlineWatch(clock, onPassed)
  }

  watch(rider: Rider): void {
    this.#deadlines.add(rider)
  }

  acknowledged(batch: ProducerBatch, { baseOffset, logAppendTime, proof }: Extract<ProduceOutcome, { kind: 'acked' }>): void {
    const attempts = batch.attempts + 1
    batch.riders.forEach((rider, index) => {
      const offset = baseOffset === null ? null : baseOffset + BigInt(index)
      const timestamp = logAppendTime === null ? rider.timestamp : Number(logAppendTime)
      this.#done(rider, { kind: 'acked', offset, timestamp, attempts, proof })
    })
  }

  /** A record of a batch that was not acknowledged. */
  failed(rider: Rider, batch: ProducerBatch, kind: FailedOutcome, { code, fault = 'system', cause }: Reason): void {
    const inDoubt = kind === 'unknown' && batch.identity && batch.identity.producerId >= 0n ? { inDoubt: { ...batch.identity, indexInBatch: batch.riders.indexOf(rider) } } : {}
    // An attempt that is still under way counts: it left the machine.
    const attempts = Math.max(batch.attempts, kind === 'unknown' ? 1 : 0)
    this.#done(rider, { kind, fault, brokerCode: code, attempts, firstAt: batch.firstAttemptAt ?? rider.appendedAt, lastAt: this.#clock.wall(), cause, ...inDoubt })
  }

  allFailed(batch: ProducerBatch, kind: FailedOutcome, reason: Reason): void {
    for (const rider of batch.riders) this.failed(rider, batch, kind, reason)
  }

  /** A record that was never in an attempt. */
  unsent(rider: Rider, code: string): void {
    this.#done(rider, { kind: 'not-sent', fault: 'system', brokerCode: code, attempts: 0, firstAt: rider.appendedAt, lastAt: this.#clock.wall(), cause: undefined })
  }

  #done(rider: Rider, outcome: RecordOutcome): void {
    if (rider.settled) return
    rider.settled = true
    this.#deadlines.done(rider)
    rider.settle(outcome)
    this.#onSettled(rider, outcome.kind === 'acked')
  }
}
