// Stage 7 of 9: ProducerBatch → one outcome per record. Java: Sender.
// `pump` drains the partitions that are ready, fires one request per leader, settles, and pumps again.
import type { PendingRecord, ProducerBatch } from '../accumulate/producer-batch.ts'
import type { RecordAccumulator } from '../accumulate/record-accumulator.ts'
import type { FailedOutcome } from '../errors.ts'
import { isStale, ORDER_GROUP_STOPPED } from '../transport/error-codes.ts'
import type { KafkaClient, ProduceOutcome } from '../transport/kafka-client.ts'
import { decide, type Failure, outcomeSoFar } from './decide.ts'
import { Drainer } from './drainer.ts'
import { InFlight } from './in-flight.ts'
import type { PartitionState } from './partition-state.ts'
import { PartitionTable, waiting } from './partition-table.ts'
import { ProducerIdentity } from './producer-identity.ts'
import { ProducerMetadata } from './producer-metadata.ts'
import { RecordCompleter } from './record-completer.ts'
import type { SenderOptions, SenderStats } from './sender-options.ts'

export class Sender {
  readonly metadata: ProducerMetadata
  readonly identity: ProducerIdentity
  readonly stats: SenderStats = {
    requests: 0,
    batches: 0,
    retries: 0,
    epochBumps: 0,
    ackedBatches: 0,
    ackedRecords: 0,
    queueTimeMs: 0,
    brokerTimeMs: 0,
  }
  readonly #client: KafkaClient
  readonly #accumulator: RecordAccumulator
  readonly #options: SenderOptions
  readonly #states: PartitionTable
  readonly #inFlight: InFlight
  readonly #drainer: Drainer
  readonly #completer: RecordCompleter
  #timer: unknown
  #willRun = false
  /** The defect that ended this Sender, if one did. */
  broken: unknown

  constructor(client: KafkaClient, accumulator: RecordAccumulator, options: SenderOptions) {
    this.#client = client
    this.#accumulator = accumulator
    this.#options = options
    this.#inFlight = new InFlight(options.maxInFlight)
    this.#states = new PartitionTable(options, this.stats, () => this.identity.retire())
    const watch = {
      clock: options.clock,
      retryBackoffMs: options.retryBackoffMs,
      retryBackoffMaxMs: options.retryBackoffMaxMs,
      onChange: () => this.#runOnce(),
      isWanted: () => this.#states.active.size > 0,
    }
    this.metadata = new ProducerMetadata(client, { ...watch, maxAgeMs: options.metadataMaxAgeMs })
    this.identity = new ProducerIdentity(client, watch)
    this.#drainer = new Drainer({
      states: this.#states,
      accumulator,
      metadata: this.metadata,
      identity: this.identity,
      inFlight: this.#inFlight,
      options,
    })
    this.#completer = new RecordCompleter(
      options.clock,
      pendingRecords => this.#onDeadline(pendingRecords),
      (pending, acknowledged) => {
        options.onCompleted(pending)
        this.#stopGroup(accumulator.orderGroups.completed(pending, acknowledged))
      },
    )
  }

  /** Takes charge of records that were just appended. Those of the same turn leave together. */
  wakeup(pendingRecords: readonly PendingRecord[]): void {
    for (const pending of pendingRecords) {
      this.#completer.watch(pending)
      this.#states.active.add(this.#states.of(pending))
    }
    if (this.#willRun) return
    this.#willRun = true
    queueMicrotask(() => {
      this.#willRun = false
      this.#runOnce()
    })
  }

  /** Looks again: something lets batches leave that did not before. */
  requestRun(): void {
    this.wakeup([])
  }

  /** Settles what is left, told as what is known of it. */
  close(): void {
    this.#options.clock.clearTimeout(this.#timer)
    this.metadata.close()
    for (const state of this.#states.active) this.#drain(state, 'CLOSED')
    this.#states.active.clear()
  }

  #drain(state: PartitionState, code: string, cause?: unknown): void {
    if (state.batch)
      this.#completer.allFailed(state.batch, state.written ? 'unknown' : outcomeSoFar(state.batch), { code, cause })
    state.changed = state.inFlight && !state.written
    if (!state.inFlight && state.batch) this.#states.endBatch(state, state.batch)
    for (const pendingRecords of state.split.splice(0))
      for (const pending of pendingRecords) this.#completer.unsent(pending, code)
    for (const pending of this.#accumulator.takeAll(state.topic, state.partition)) this.#completer.unsent(pending, code)
  }

  /** A defect of ours must not leave a caller waiting: everything is settled and the producer is replaced. */
  #break(error: unknown): void {
    this.broken = error
    this.close()
  }

  #runOnce(): void {
    if (this.broken !== undefined) return
    try {
      this.#sendReady()
    } catch (error) {
      this.#break(error)
    }
  }

  #sendReady(): void {
    const now = this.#options.clock.now()
    this.metadata.refreshIfOld()
    const fatal = this.identity.takeFatal()
    if (fatal)
      for (const state of this.#states.active)
        if (state.needsProducerId && !state.inFlight) this.#drain(state, fatal.code, fatal)
    const { requests, wakeAt } = this.#drainer.drain(now)
    for (const { leader, states } of requests) this.#fire(leader, states).catch(error => this.#break(error))
    this.#wakeAt(wakeAt)
  }

  async #fire(leader: number, states: readonly PartitionState[]): Promise<void> {
    const { clock, requestTimeoutMs, connectTimeoutMs, ackTimeoutMs, acks, idempotent } = this.#options
    this.#inFlight.add(leader, states)
    const batches = states.map(state => state.batch as ProducerBatch)
    for (const state of states) state.inFlight = true
    for (const batch of batches) {
      batch.firstAttemptAt ??= clock.epochMs()
      batch.firedAt ??= clock.now()
    }
    const remaining = Math.max(1, Math.max(...batches.map(batch => batch.latestDeadline)) - clock.now())
    this.stats.requests++
    this.stats.batches += batches.length
    const outcomes = await this.#client.produce(leader, batches, {
      acks,
      idempotent,
      ackTimeoutMs: ackTimeoutMs,
      requestTimeoutMs: Math.min(requestTimeoutMs, remaining),
      connectTimeoutMs: Math.min(connectTimeoutMs, remaining),
      beginWrite: () => this.#beginWrite(states),
    })
    this.#inFlight.delete(leader, states)
    const throttled = Math.max(0, ...outcomes.map(outcome => outcome.throttleTimeMs ?? 0))
    if (throttled > 0) this.#inFlight.mute(leader, clock.now() + throttled)
    states.forEach((state, index) => {
      state.inFlight = false
      state.written = false
      this.#complete(state, batches[index] as ProducerBatch, outcomes[index] as ProduceOutcome)
    })
    this.#runOnce()
  }

  #beginWrite(states: readonly PartitionState[]): boolean {
    const changed = states.some(state => state.changed)
    for (const state of states) state.written = !changed
    return !changed
  }

  #complete(state: PartitionState, batch: ProducerBatch, outcome: ProduceOutcome): void {
    const { changed } = state
    state.changed = false
    if (outcome.kind === 'not-sent' && outcome.code === 'BATCH_CHANGED')
      return changed ? this.#states.rebuild(state, batch) : undefined
    if (changed && outcome.kind === 'not-sent') this.#states.rebuild(state, batch)
    if (state.batch !== batch) return
    if (outcome.kind === 'acked') {
      this.#states.advance(state, batch)
      return this.#completer.acknowledged(batch, outcome)
    }
    if (outcome.kind !== 'not-sent') batch.attempts++
    if (outcome.kind === 'unknown') batch.maybeWritten = true
    batch.lastCode = outcome.code
    state.reason = outcome.code
    batch.lastCause = outcome.cause
    if (isStale(outcome.code)) state.metadataTicket = this.metadata.requestRefresh()
    this.#carryOut(state, batch, outcome)
  }

  #carryOut(state: PartitionState, batch: ProducerBatch, outcome: Failure): void {
    const decision = decide(batch, outcome, this.#options.retries)
    switch (decision.action) {
      case 'give-up':
        return this.#giveUp(state, batch, decision.kind, outcome)
      case 'split-batch': {
        this.#states.endBatch(state, batch)
        state.split.unshift(...decision.others.map(waiting).filter(pendingRecords => pendingRecords.length > 0))
        // Last: an invalid record stops the later ones of its order group, which wait in the lists above.
        for (const pending of decision.invalid)
          this.#completer.failed(pending, batch, 'rejected', {
            code: outcome.code,
            failureKind: 'invalid-record',
            cause: outcome.cause,
          })
        return
      }
      case 'bump-epoch':
        this.#states.rebuild(state, batch)
        return this.#states.backOff(state)
      case 'retry':
        return this.#states.backOff(state)
    }
  }

  /** After a record of an order group that was not acknowledged, the later ones that wait are not sent. Those in its batch share its fate. */
  #stopGroup(later: readonly PendingRecord[]): void {
    const stopped = later.filter(
      pending => this.#accumulator.remove(pending) || this.#states.of(pending).removeSplit(pending),
    )
    for (const pending of stopped) this.#accumulator.orderGroups.forget(pending)
    for (const pending of stopped) this.#completer.unsent(pending, ORDER_GROUP_STOPPED)
  }

  #giveUp(state: PartitionState, batch: ProducerBatch, kind: FailedOutcome, { code, cause }: Failure): void {
    this.#completer.allFailed(batch, kind, { code, cause })
    this.#states.endBatch(state, batch)
  }

  #onDeadline(pendingRecords: readonly PendingRecord[]): void {
    const touched = new Set<PartitionState>()
    for (const pending of pendingRecords) {
      if (pending.completed) continue
      const state = this.#states.of(pending)
      if (this.#accumulator.remove(pending) || state.removeSplit(pending))
        this.#completer.unsent(pending, state.reason ?? 'DEADLINE')
      else {
        this.#leaveBatch(state, pending)
        touched.add(state)
      }
    }
    for (const state of touched) this.#afterLeaving(state)
    this.#dropIdleRequests()
    this.#runOnce()
  }

  #leaveBatch(state: PartitionState, pending: PendingRecord): void {
    const batch = state.batch
    if (!batch) return
    const code = batch.lastCode ?? state.reason ?? 'DEADLINE'
    const mayBeWritten = batch.maybeWritten || state.written
    this.#completer.failed(pending, batch, mayBeWritten ? 'unknown' : outcomeSoFar(batch), {
      code,
      cause: batch.lastCause,
    })
    if (!mayBeWritten && state.inFlight) state.changed = true
  }

  #afterLeaving(state: PartitionState): void {
    const batch = state.batch
    if (!batch || state.inFlight) return
    if (!batch.maybeWritten) this.#states.rebuild(state, batch)
    else if (!batch.hasWaiters) this.#states.endBatch(state, batch)
  }

  /** A request that nobody waits for any more must not go on in a sandbox that is about to be frozen. */
  #dropIdleRequests(): void {
    for (const leader of this.#inFlight.idleLeaders()) void this.#client.dropConnections('deadline', leader)
  }

  #wakeAt(at: number): void {
    const { clock } = this.#options
    clock.clearTimeout(this.#timer)
    if (at < Number.POSITIVE_INFINITY)
      this.#timer = clock.setTimeout(() => this.#runOnce(), Math.max(1, at - clock.now()))
  }
}
