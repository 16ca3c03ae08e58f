// Stage 7 of 9: ProducerBatch → one outcome per record. Java: Sender. Each run sends a request per leader, or more if
// one would be too large, with the batches that may be sent. Answers complete records and start the next run. The
// rules are in docs/sender-rules.md, the states of a partition in partition-state.ts.
import type { PendingRecord } from '../accumulate/pending-record.ts'
import type { RecordAccumulator } from '../accumulate/record-accumulator.ts'
import { causeOf, ORDER_GROUP_STOPPED } from '../transport/error-codes.ts'
import type { KafkaClient } from '../transport/kafka-client.ts'
import { AttemptOutcomes } from './attempt-outcomes.ts'
import { Drainer } from './drainer.ts'
import { Expiry } from './expiry.ts'
import { InFlight } from './in-flight.ts'
import { LeaderAvailability } from './leader-availability.ts'
import { LeaderPreference } from './leader-preference.ts'
import type { PartitionState } from './partition-state.ts'
import { PartitionTable } from './partition-table.ts'
import { ProduceRequests } from './produce-requests.ts'
import { ProducerIdentity } from './producer-identity.ts'
import { ProducerMetadata } from './producer-metadata.ts'
import { RecordCompleter } from './record-completer.ts'
import { RunSchedule } from './run-schedule.ts'
import { newSenderStats, type SenderOptions, type SenderStats } from './sender-options.ts'
import type { SenderParts } from './sender-parts.ts'
import { WaitingPartitions } from './waiting-partitions.ts'

/** Why a Sender sends no more. */
interface SenderEnd {
  readonly causeCode: string
  readonly cause?: unknown
}

export class Sender {
  readonly metadata: ProducerMetadata
  readonly identity: ProducerIdentity
  readonly stats: SenderStats = newSenderStats()
  readonly #accumulator: RecordAccumulator
  readonly #options: SenderOptions
  readonly #partitions: PartitionTable
  readonly #waiting = new WaitingPartitions()
  readonly #drainer: Drainer
  readonly #completer: RecordCompleter
  readonly #expiry: Expiry
  readonly #outcomes: AttemptOutcomes
  readonly #requests: ProduceRequests
  readonly #schedule: RunSchedule
  /** Why it was closed; undefined before. */
  #end: SenderEnd | undefined
  /** The internal error that ended this Sender, if any. */
  broken: unknown

  constructor(client: KafkaClient, accumulator: RecordAccumulator, options: SenderOptions) {
    this.#accumulator = accumulator
    this.#options = options
    this.#schedule = new RunSchedule(options.clock, scope => (scope === 'all' ? this.#runAll() : this.#runChanged()))
    this.#partitions = new PartitionTable({
      idempotent: options.idempotent,
      onEpochBumped: isExhausted => {
        if (isExhausted) this.identity.retire()
      },
    })
    const availability = new LeaderAvailability({ ...options, timeoutMs: options.availabilityTimeoutMs })
    const onChange = () => this.#runAll()
    this.metadata = new ProducerMetadata(client, {
      ...options,
      maxAgeMs: options.metadataMaxAgeMs,
      preference: new LeaderPreference(options.rack, availability, options.warn),
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
    const parts: SenderParts = {
      client,
      accumulator,
      options,
      stats: this.stats,
      partitions: this.#partitions,
      waiting: this.#waiting,
      inFlight: new InFlight(options.maxInFlight),
      availability,
      metadata: this.metadata,
      identity: this.identity,
      completer: this.#completer,
    }
    this.#drainer = new Drainer(parts)
    this.#expiry = new Expiry(parts)
    this.#outcomes = new AttemptOutcomes(parts)
    this.#requests = new ProduceRequests(parts, this.#outcomes, () => this.#runChanged())
  }

  /**
   * Takes over records that were just appended. Those of the same turn are sent together. An empty list means that a
   * call waits for memory: then no record lingers.
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
    else this.#schedule.request(records.length > 0 ? 'changed' : 'all')
  }

  /** Runs again at the end of this turn, after a change by which any batch may become ready to send. */
  requestRun(): void {
    this.#schedule.request('all')
  }

  /** Completes every remaining record, and every later one, with what is known about it. */
  close(end: SenderEnd = { causeCode: 'CLOSED' }): void {
    this.#end ??= end
    this.#schedule.close()
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

  /**
   * Ends the Sender after an internal error, so that no caller waits: all records are completed, and the factory
   * replaces the producer.
   */
  #break(error: unknown): void {
    if (this.broken !== undefined) return
    this.broken = error
    this.close({ causeCode: 'INTERNAL_ERROR', cause: error })
    this.#options.onBroken(error)
  }

  /** Checks all partitions that have records, after a change that any of them may wait for. */
  #runAll(): void {
    this.#waiting.clear()
    this.#run(this.#partitions.active)
  }

  /** Checks the partitions whose own state changed, or whose moment has come. */
  #runChanged(): void {
    this.#run(this.#waiting.take(this.#options.clock.now()))
  }

  #run(partitions: Iterable<PartitionState>): void {
    if (this.#end) return
    this.#guarded(() => {
      this.#sendReady(partitions)
      // Partitions whose batches could not be encoded, or ended, have changed.
      if (this.#waiting.hasChanged) this.#schedule.request('changed')
      this.#schedule.wakeAt(this.#waiting.nextAt)
    })
  }

  #guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#break(error)
    }
  }

  #sendReady(partitionsToCheck: Iterable<PartitionState>): void {
    const now = this.#options.clock.now()
    if (this.#partitions.active.size > 0) this.metadata.refreshIfOld()
    const fatal = this.identity.takeFatal()
    if (fatal)
      for (const partition of this.#partitions.active)
        if (partition.needsProducerId && !partition.isInFlight) this.#cancel(partition, causeOf(fatal), fatal)
    const { requests, unencodable, tooLarge, late, gone } = this.#drainer.drain(partitionsToCheck, now)
    for (const { partition, cause } of unencodable) this.#outcomes.unencodable(partition, cause)
    for (const partition of tooLarge) this.#outcomes.tooLarge(partition)
    for (const { partition, records } of late) this.#expiry.tooLate(partition, records)
    for (const partition of gone) this.#cancel(partition, 'PARTITION_GONE')
    for (const { leader, partitions } of requests) {
      for (const partition of partitions) this.#partitions.moveToEnd(partition)
      this.#requests.send(leader, partitions).catch(error => this.#break(error))
    }
  }

  #onDeadline(records: readonly PendingRecord[]): void {
    this.#expiry.passed(records)
    this.#runChanged()
  }

  /**
   * Moves to another cluster, which knows nothing about what the former cluster got: records that may be written there
   * are reported as `unknown`, everything else goes to the new cluster.
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

  /**
   * Stops the later records of an order group after one was not acknowledged; those in the same batch are not stopped.
   */
  #stopGroup(later: readonly PendingRecord[]): void {
    const stopped = later.filter(pending => this.#accumulator.remove(pending))
    for (const pending of stopped) this.#accumulator.orderGroups.forget(pending)
    for (const pending of stopped) {
      this.#completer.unsent(pending, ORDER_GROUP_STOPPED)
      this.#waiting.changed(this.#partitions.of(pending))
    }
  }
}
