// Stage 7 of 9: ProducerBatch → one outcome per record. Java: Sender.
// Each run sends one request per leader with the batches that may go. Answers complete records and start the next run.
// The rules are in docs/sender-rules.md; what a partition goes through is in partition-state.ts.
import type { PendingRecord, ProducerBatch } from '../accumulate/producer-batch.ts'
import type { RecordAccumulator } from '../accumulate/record-accumulator.ts'
import { backoff } from '../time/backoff.ts'
import { moment } from '../time/clock.ts'
import { causeOf, ORDER_GROUP_STOPPED, refreshFor, THROTTLED } from '../transport/error-codes.ts'
import type { KafkaClient, ProduceOutcome } from '../transport/kafka-client.ts'
import { throttleMs } from '../transport/throttle.ts'
import { decide, type Failure } from './decide.ts'
import { Drainer } from './drainer.ts'
import { InFlight } from './in-flight.ts'
import type { PartitionState } from './partition-state.ts'
import { PartitionTable } from './partition-table.ts'
import { ProducerIdentity } from './producer-identity.ts'
import { ProducerMetadata } from './producer-metadata.ts'
import { RecordCompleter } from './record-completer.ts'
import type { SenderOptions, SenderStats } from './sender-options.ts'
import { WaitingPartitions } from './waiting-partitions.ts'

/** Why a Sender sends no more. */
interface SenderEnd {
  readonly causeCode: string
  readonly cause?: unknown
}

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
    throttledRequests: 0,
    throttleTimeMs: 0,
    maxThrottleTimeMs: 0,
    expiredRecords: 0,
  }
  readonly #client: KafkaClient
  readonly #accumulator: RecordAccumulator
  readonly #options: SenderOptions
  readonly #partitions: PartitionTable
  readonly #waiting = new WaitingPartitions()
  readonly #inFlight: InFlight
  readonly #drainer: Drainer
  readonly #completer: RecordCompleter
  #timer: unknown
  /** When the timer fires (monotonic). */
  #timerAt = Number.POSITIVE_INFINITY
  /** What the run at the end of this turn looks at. */
  #willRun: 'changed' | 'all' | undefined
  /** Set once it is closed. */
  #end: SenderEnd | undefined
  /** The internal error that ended this Sender, if there was one. */
  broken: unknown

  constructor(client: KafkaClient, accumulator: RecordAccumulator, options: SenderOptions) {
    this.#client = client
    this.#accumulator = accumulator
    this.#options = options
    this.#inFlight = new InFlight(options.maxInFlight)
    this.#partitions = new PartitionTable({
      idempotent: options.idempotent,
      onEpochBumped: isExhausted => {
        this.stats.epochBumps++
        if (isExhausted) this.identity.retire()
      },
    })
    const onChange = () => this.#runAll()
    this.metadata = new ProducerMetadata(client, {
      ...options,
      maxAgeMs: options.metadataMaxAgeMs,
      onChange,
      hasRecords: topic => this.#partitions.hasActive(topic),
      onOtherCluster: () => this.#guarded(() => this.#leaveCluster()),
      onNewLogs: topic => {
        for (const partition of this.#partitions.ofTopic(topic)) partition.logBeganAnew()
      },
    })
    this.identity = new ProducerIdentity(client, {
      ...options,
      onChange,
      onOtherCluster: () => this.metadata.refresh(),
      isWanted: () => this.#partitions.active.size > 0,
    })
    this.#drainer = new Drainer({
      partitions: this.#partitions,
      accumulator,
      metadata: this.metadata,
      identity: this.identity,
      inFlight: this.#inFlight,
      waiting: this.#waiting,
      options,
    })
    this.#completer = new RecordCompleter(
      options.clock,
      () => this.metadata.clusterId,
      records => this.#guarded(() => this.#onDeadline(records)),
      (pending, acknowledged) => {
        options.onCompleted(pending)
        if (pending.record.orderGroup !== undefined)
          this.#stopGroup(accumulator.orderGroups.completed(pending, acknowledged))
        for (const next of accumulator.release(pending)) this.#waiting.changed(this.#partitions.of(next))
      },
    )
  }

  /**
   * Takes over records that were just appended. Those of the same turn leave together. An empty list: a call waits for
   * memory, so that no record lingers.
   */
  add(records: readonly PendingRecord[]): void {
    let last: PartitionState | undefined
    for (const pending of records) {
      this.#completer.watch(pending)
      const partition = this.#partitions.of(pending)
      if (partition === last) continue
      last = partition
      this.#partitions.activate(partition)
      this.#waiting.changed(partition)
    }
    if (this.#end) this.#cancelAll(this.#end)
    else this.#requestRun(records.length > 0 ? 'changed' : 'all')
  }

  /** Runs once more at the end of this turn: something may let any batch leave that could not before. */
  requestRun(): void {
    this.#requestRun('all')
  }

  #requestRun(scope: 'changed' | 'all'): void {
    if (this.#willRun === undefined)
      queueMicrotask(() => {
        const isAll = this.#willRun === 'all'
        this.#willRun = undefined
        if (isAll) this.#runAll()
        else this.#runChanged()
      })
    if (this.#willRun !== 'all') this.#willRun = scope
  }

  /** Completes every record that is left, and that still comes, with what is known of it. */
  close(end: SenderEnd = { causeCode: 'CLOSED' }): void {
    this.#end ??= end
    this.#options.clock.clearTimeout(this.#timer)
    this.metadata.close()
    this.#cancelAll(this.#end)
  }

  #cancelAll({ causeCode, cause }: SenderEnd): void {
    for (const partition of this.#partitions.active) this.#cancel(partition, causeCode, cause)
    this.#partitions.deactivateAll()
  }

  /** Fails all records of a partition. */
  #cancel(partition: PartitionState, causeCode: string, cause?: unknown): void {
    if (partition.batch) this.#completer.allFailed(partition.batch, partition.outcomeSoFar, { causeCode, cause })
    for (const pending of partition.cancelled()) this.#completer.unsent(pending, causeCode, cause)
    for (const pending of this.#accumulator.takeAll(partition.topic, partition.partition))
      this.#completer.unsent(pending, causeCode, cause)
  }

  /** After an internal error no caller waits: all records are completed, and the factory replaces the producer. */
  #break(error: unknown): void {
    if (this.broken !== undefined) return
    this.broken = error
    this.close({ causeCode: 'INTERNAL_ERROR', cause: error })
    this.#options.onBroken(error)
  }

  /** Something changed that any partition may wait for: looks at all that have records. */
  #runAll(): void {
    this.#waiting.clear()
    this.#run(this.#partitions.active)
  }

  /** Looks at the partitions for which something of their own changed, or whose moment has come. */
  #runChanged(): void {
    this.#run(this.#waiting.take(this.#options.clock.now()))
  }

  #run(partitions: Iterable<PartitionState>): void {
    if (this.#end) return
    this.#guarded(() => {
      this.#sendReady(partitions)
      // Batches that could not be encoded, or ended, have changed their partitions.
      if (this.#waiting.hasChanged) this.#requestRun('changed')
      this.#wakeAt(this.#waiting.nextAt)
    })
  }

  #guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#break(error)
    }
  }

  #sendReady(looked: Iterable<PartitionState>): void {
    const now = this.#options.clock.now()
    if (this.#partitions.active.size > 0) this.metadata.refreshIfOld()
    const fatal = this.identity.takeFatal()
    if (fatal)
      for (const partition of this.#partitions.active)
        if (partition.needsProducerId && !partition.isInFlight) this.#cancel(partition, causeOf(fatal), fatal)
    const { requests, unencodable, late, gone } = this.#drainer.drain(looked, now)
    for (const { partition, cause } of unencodable) this.#isolate(partition, cause)
    for (const { partition, records } of late) this.#giveUpLate(partition, records)
    for (const partition of gone) this.#cancel(partition, 'PARTITION_GONE')
    for (const { leader, partitions } of requests) {
      for (const partition of partitions) this.#partitions.moveToEnd(partition)
      this.#sendRequest(leader, partitions).catch(error => this.#break(error))
    }
  }

  /** The open batch can't be encoded: each of its records is tried alone, and fails alone. */
  #isolate(partition: PartitionState, cause: unknown): void {
    const batch = partition.batch as ProducerBatch
    const outcome = batch.outcomeSoFar
    if (batch.records.length > 1) partition.split(batch.records.map(pending => this.#accumulator.queueOf([pending])))
    else {
      partition.gaveUp()
      this.#completer.allFailed(batch, outcome, { causeCode: 'ENCODING_FAILED', cause })
    }
    this.#waiting.changed(partition)
  }

  #giveUpLate(partition: PartitionState, records: readonly PendingRecord[]): void {
    const batch = partition.batch as ProducerBatch
    for (const pending of records) this.#completer.failed(pending, batch, 'not-sent', { causeCode: THROTTLED })
    this.stats.expiredRecords += records.length
    partition.recordsLeft()
    this.#waiting.changed(partition)
  }

  async #sendRequest(leader: number, partitions: readonly PartitionState[]): Promise<void> {
    const { clock, requestTimeoutMs, connectTimeoutMs, ackTimeoutMs, acks, idempotent } = this.#options
    this.#inFlight.add(leader, partitions)
    const at = moment(clock)
    const batches = partitions.map(partition =>
      partition.beginRequest(at, this.metadata.leader(partition.topic, partition.partition)?.leaderEpoch),
    )
    const remaining = Math.max(1, Math.max(...batches.map(batch => batch.latestDeadline)) - at.now)
    this.stats.requests++
    this.stats.batches += batches.length
    const outcomes = await this.#client.produce(leader, batches, {
      acks,
      idempotent,
      clusterId: this.metadata.clusterId,
      ackTimeoutMs,
      // Not cut by the deadlines: others may use the connection then. `#dropAbandonedRequests` ends what nobody needs.
      requestTimeoutMs,
      connectTimeoutMs: Math.min(connectTimeoutMs, remaining),
      beginWrite: () => this.#beginWrite(partitions),
    })
    this.#inFlight.delete(leader, partitions)
    this.#waiting.leaderAnswered(leader)
    const throttled = throttleMs(Math.max(0, ...outcomes.map(outcome => outcome.throttleTimeMs ?? 0)))
    if (throttled > 0) this.#mute(leader, throttled, clock.now() - at.now)
    partitions.forEach((partition, index) => {
      this.#complete(partition, batches[index] as ProducerBatch, outcomes[index] as ProduceOutcome)
      this.#waiting.changed(partition)
    })
    this.#runChanged()
  }

  #mute(leader: number, ms: number, answerMs: number): void {
    this.#inFlight.mute(leader, this.#options.clock.now() + ms, answerMs)
    this.stats.throttledRequests++
    this.stats.throttleTimeMs += ms
    this.stats.maxThrottleTimeMs = Math.max(this.stats.maxThrottleTimeMs, ms)
  }

  /** All or nothing: a request is written only if no record has left its batches, and each has one with time left. */
  #beginWrite(partitions: readonly PartitionState[]): boolean {
    const now = this.#options.clock.now()
    if (!partitions.every(partition => partition.mayWrite && !partition.isExpired(now))) return false
    for (const partition of partitions) partition.wrote()
    return true
  }

  #complete(partition: PartitionState, batch: ProducerBatch, outcome: ProduceOutcome): void {
    if (outcome.kind === 'acked') {
      partition.acknowledged(outcome.proof === 'all' ? outcome.baseOffset : null)
      this.#count(batch)
      return this.#completer.acknowledged(batch, outcome)
    }
    // Of a broker that asks for a pause: the batch waits for its end (`#mute`).
    const isNoAttempt = outcome.causeCode === 'BATCH_CHANGED' || outcome.causeCode === THROTTLED
    if (outcome.kind === 'not-sent' && isNoAttempt) return partition.notWritten()
    if (!partition.attemptFailed(outcome)) return
    const { currentLeader } = outcome
    const isMoved =
      currentLeader !== undefined && this.metadata.learnLeader(partition.topic, partition.partition, currentLeader)
    const refresh = refreshFor(outcome.causeCode)
    // Without a caller a connection attempt would only be left behind in a sandbox that is about to be frozen.
    const isWanted = batch.hasWaiters || this.#accumulator.has(partition.topic, partition.partition)
    if (refresh && isWanted) {
      const ticket = this.metadata.requestRefresh(partition.topic)
      if (refresh === 'before-retry' && !isMoved) partition.awaitMetadata(ticket)
    }
    this.#carryOut(partition, batch, outcome)
  }

  #carryOut(partition: PartitionState, batch: ProducerBatch, outcome: Failure): void {
    const decision = decide(batch, outcome, this.#options.retries)
    switch (decision.action) {
      case 'give-up':
        this.#completer.allFailed(batch, decision.kind, { causeCode: outcome.causeCode, cause: outcome.cause })
        return partition.gaveUp()
      case 'split-batch': {
        partition.split(decision.others.map(records => this.#accumulator.queueOf(records)))
        // Last: an invalid record stops the later records of its order group, which `split` has put back.
        for (const pending of decision.invalid)
          this.#completer.failed(pending, batch, 'rejected', {
            causeCode: outcome.causeCode,
            failureKind: 'invalid-record',
            cause: outcome.cause,
          })
        return
      }
      case 'bump-epoch':
        partition.renumberBatch()
        return this.#backOff(partition)
      case 'retry':
        return this.#backOff(partition)
    }
  }

  #backOff(partition: PartitionState): void {
    const { clock, retryBackoffMs, retryBackoffMaxMs } = this.#options
    partition.backOff(clock.now() + backoff(partition.failures + 1, retryBackoffMs, retryBackoffMaxMs))
    this.stats.retries++
  }

  #count({ records, firstAttempt }: ProducerBatch): void {
    this.stats.ackedBatches++
    this.stats.ackedRecords += records.length
    if (!firstAttempt) return
    this.stats.queueTimeMs += Math.max(0, firstAttempt.epochMs - (records[0]?.appendedAt ?? firstAttempt.epochMs))
    this.stats.brokerTimeMs += this.#options.clock.now() - firstAttempt.now
  }

  /**
   * The brokers are another cluster, which knows nothing of what the former one got: what may be written there is
   * `unknown`, and everything else goes to the new one.
   */
  #leaveCluster(): void {
    this.identity.leaveCluster()
    for (const partition of this.#partitions.all) {
      const { batch, outcomeSoFar } = partition
      if (batch && outcomeSoFar === 'unknown')
        this.#completer.allFailed(batch, outcomeSoFar, { causeCode: 'OTHER_CLUSTER', cause: batch.lastCause })
      partition.leaveCluster()
    }
  }

  /** After a record that was not acknowledged: later ones of its order group are not sent, unless in its batch. */
  #stopGroup(later: readonly PendingRecord[]): void {
    const stopped = later.filter(pending => this.#accumulator.remove(pending))
    for (const pending of stopped) this.#accumulator.orderGroups.forget(pending)
    for (const pending of stopped) {
      this.#completer.unsent(pending, ORDER_GROUP_STOPPED)
      this.#waiting.changed(this.#partitions.of(pending))
    }
  }

  #onDeadline(records: readonly PendingRecord[]): void {
    const left = new Set<PartitionState>()
    for (const pending of records) {
      if (pending.completed) continue
      this.stats.expiredRecords++
      const partition = this.#partitions.of(pending)
      this.#waiting.changed(partition)
      const causeCode = this.#whyLate(partition, pending)
      if (this.#accumulator.remove(pending)) this.#completer.unsent(pending, causeCode)
      else if (partition.batch) {
        const { lastCause: cause } = partition.batch
        this.#completer.failed(pending, partition.batch, partition.outcomeSoFar, { causeCode, cause })
        left.add(partition)
      }
    }
    for (const partition of left) partition.recordsLeft()
    this.#dropAbandonedRequests()
    this.#runChanged()
  }

  /** What kept a record waiting until its deadline. A topic that is missing is reported as to a new producer. */
  #whyLate({ topic, partition, batch, reason, isInFlight }: PartitionState, pending: PendingRecord): string {
    if (this.metadata.isMissing(topic)) return 'UNKNOWN_TOPIC_OR_PARTITION'
    const leader = this.metadata.leader(topic, partition)?.leader ?? -1
    if (!isInFlight && this.#inFlight.mutedUntil(leader) > this.#options.clock.now()) return THROTTLED
    const known = batch?.lastCauseCode ?? reason
    return known ?? (this.#inFlight.wasHeldBack(leader, pending) ? THROTTLED : 'DEADLINE')
  }

  /** A request that nobody waits for any more must not go on in a sandbox that is about to be frozen. */
  #dropAbandonedRequests(): void {
    for (const leader of this.#inFlight.abandonedLeaders()) void this.#client.dropConnections('deadline', leader)
  }

  #wakeAt(at: number): void {
    if (at === this.#timerAt) return
    const { clock } = this.#options
    clock.clearTimeout(this.#timer)
    this.#timerAt = at
    if (at === Number.POSITIVE_INFINITY) return
    const onTimeout = () => {
      this.#timerAt = Number.POSITIVE_INFINITY
      this.#runChanged()
    }
    this.#timer = clock.setTimeout(onTimeout, Math.max(1, at - clock.now()))
  }
}
