// Stage 7 of 9: ProducerBatch → one outcome per record. Java: Sender.
// `pump` drains the lanes that are ready, fires one request per leader, settles, and pumps again.
import type { ProducerBatch, Rider } from '../accumulate/producer-batch.ts'
import type { RecordAccumulator } from '../accumulate/record-accumulator.ts'
import type { FailedOutcome } from '../errors.ts'
import { isStale, ORDER_GROUP_STOPPED } from '../transport/error-codes.ts'
import type { KafkaClient, ProduceOutcome } from '../transport/kafka-client.ts'
import { decide, type Failure, outcomeSoFar } from './decide.ts'
import { Drainer } from './drainer.ts'
import { InFlight } from './in-flight.ts'
import type { Lane } from './lane.ts'
import { Lanes, waiting } from './lanes.ts'
import { ProducerIdentity } from './producer-identity.ts'
import { ProducerMetadata } from './producer-metadata.ts'
import type { SenderOptions, SenderStats } from './sender-options.ts'
import { Settler } from './settler.ts'

export class Sender {
  readonly metadata: ProducerMetadata
  readonly identity: ProducerIdentity
  readonly stats: SenderStats = { requests: 0, batches: 0, retries: 0, epochBumps: 0, ackedBatches: 0, ackedRecords: 0, queueTimeMs: 0, brokerTimeMs: 0 }
  readonly #client: KafkaClient
  readonly #accumulator: RecordAccumulator
  readonly #options: SenderOptions
  readonly #lanes: Lanes
  readonly #inFlight: InFlight
  readonly #drainer: Drainer
  readonly #settler: Settler
  #timer: unknown
  #willPump = false
  /** The defect that ended this Sender, if one did. */
  broken: unknown

  constructor(client: KafkaClient, accumulator: RecordAccumulator, options: SenderOptions) {
    this.#client = client
    this.#accumulator = accumulator
    this.#options = options
    this.#inFlight = new InFlight(options.maxInFlight)
    this.#lanes = new Lanes(options, this.stats, () => this.identity.retire())
    const watch = {
      clock: options.clock,
      retryBackoffMs: options.retryBackoffMs,
      retryBackoffMaxMs: options.retryBackoffMaxMs,
      onChange: () => this.#pump(),
      isWanted: () => this.#lanes.active.size > 0,
    }
    this.metadata = new ProducerMetadata(client, { ...watch, maxAgeMs: options.metadataMaxAgeMs })
    this.identity = new ProducerIdentity(client, watch)
    this.#drainer = new Drainer({ lanes: this.#lanes, accumulator, metadata: this.metadata, identity: this.identity, inFlight: this.#inFlight, options })
    this.#settler = new Settler(
      options.clock,
      riders => this.#onDeadline(riders),
      (rider, acknowledged) => {
        options.onSettled(rider)
        this.#stopGroup(accumulator.orderGroups.settled(rider, acknowledged))
      },
    )
  }

  /** Takes charge of records that were just appended. Those of the same turn leave together. */
  wakeup(riders: readonly Rider[]): void {
    for (const rider of riders) {
      this.#settler.watch(rider)
      this.#lanes.active.add(this.#lanes.of(rider))
    }
    if (this.#willPump) return
    this.#willPump = true
    queueMicrotask(() => {
      this.#willPump = false
      this.#pump()
    })
  }

  /** Looks again: something lets batches leave that did not before. */
  poke(): void {
    this.wakeup([])
  }

  /** Settles what is left, told as what is known of it. */
  close(): void {
    this.#options.clock.clearTimeout(this.#timer)
    this.metadata.close()
    for (const lane of this.#lanes.active) this.#drain(lane, 'CLOSED')
    this.#lanes.active.clear()
  }

  #drain(lane: Lane, code: string, cause?: unknown): void {
    if (lane.batch) this.#settler.allFailed(lane.batch, lane.written ? 'unknown' : outcomeSoFar(lane.batch), { code, cause })
    lane.changed = lane.inFlight && !lane.written
    if (!lane.inFlight && lane.batch) this.#lanes.endBatch(lane, lane.batch)
    for (const riders of lane.split.splice(0)) for (const rider of riders) this.#settler.unsent(rider, code)
    for (const rider of this.#accumulator.takeAll(lane.topic, lane.partition)) this.#settler.unsent(rider, code)
  }

  /** A defect of ours must not leave a caller waiting: everything is settled and the producer is replaced. */
  #break(error: unknown): void {
    this.broken = error
    this.close()
  }

  #pump(): void {
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
    if (fatal) for (const lane of this.#lanes.active) if (lane.needsProducerId && !lane.inFlight) this.#drain(lane, fatal.code, fatal)
    const { requests, wakeAt } = this.#drainer.drain(now)
    for (const { leader, lanes } of requests) this.#fire(leader, lanes).catch(error => this.#break(error))
    this.#wakeAt(wakeAt)
  }

  async #fire(leader: number, lanes: readonly Lane[]): Promise<void> {
    const { clock, requestTimeoutMs, connectTimeoutMs, brokerTimeoutMs, acks, idempotent } = this.#options
    this.#inFlight.add(leader, lanes)
    const batches = lanes.map(lane => lane.batch as ProducerBatch)
    for (const lane of lanes) lane.inFlight = true
    for (const batch of batches) {
      batch.firstAttemptAt ??= clock.wall()
      batch.firedAt ??= clock.now()
    }
    const remaining = Math.max(1, Math.max(...batches.map(batch => batch.latestDeadline)) - clock.now())
    this.stats.requests++
    this.stats.batches += batches.length
    const outcomes = await this.#client.produce(leader, batches, {
      acks,
      idempotent,
      timeoutMs: brokerTimeoutMs,
      requestTimeoutMs: Math.min(requestTimeoutMs, remaining),
      connectTimeoutMs: Math.min(connectTimeoutMs, remaining),
      beginWrite: () => this.#beginWrite(lanes),
    })
    this.#inFlight.delete(leader, lanes)
    const throttled = Math.max(0, ...outcomes.map(outcome => outcome.throttleTimeMs ?? 0))
    if (throttled > 0) this.#inFlight.mute(leader, clock.now() + throttled)
    lanes.forEach((lane, index) => {
      lane.inFlight = false
      lane.written = false
      this.#settle(lane, batches[index] as ProducerBatch, outcomes[index] as ProduceOutcome)
    })
    this.#pump()
  }

  #beginWrite(lanes: readonly Lane[]): boolean {
    const changed = lanes.some(lane => lane.changed)
    for (const lane of lanes) lane.written = !changed
    return !changed
  }

  #settle(lane: Lane, batch: ProducerBatch, outcome: ProduceOutcome): void {
    const { changed } = lane
    lane.changed = false
    if (outcome.kind === 'not-sent' && outcome.code === 'BATCH_CHANGED') return changed ? this.#lanes.rebuild(lane, batch) : undefined
    if (changed && outcome.kind === 'not-sent') this.#lanes.rebuild(lane, batch)
    if (lane.batch !== batch) return
    if (outcome.kind === 'acked') {
      this.#lanes.advance(lane, batch)
      return this.#settler.acknowledged(batch, outcome)
    }
    if (outcome.kind !== 'not-sent') batch.attempts++
    if (outcome.kind === 'unknown') batch.maybeWritten = true
    batch.lastCode = outcome.code
    lane.reason = outcome.code
    batch.lastCause = outcome.cause
    if (isStale(outcome.code)) lane.metadataTicket = this.metadata.requestRefresh()
    this.#carryOut(lane, batch, outcome)
  }

  #carryOut(lane: Lane, batch: ProducerBatch, outcome: Failure): void {
    const decision = decide(batch, outcome, this.#options.retries)
    switch (decision.action) {
      case 'give-up':
        return this.#giveUp(lane, batch, decision.kind, outcome)
      case 'isolate': {
        this.#lanes.endBatch(lane, batch)
        lane.split.unshift(...decision.others.map(waiting).filter(riders => riders.length > 0))
        // Last: a record at fault stops the later ones of its order group, which wait in the lists above.
        for (const rider of decision.atFault) this.#settler.failed(rider, batch, 'rejected', { code: outcome.code, fault: 'record', cause: outcome.cause })
        return
      }
      case 'renew':
        this.#lanes.rebuild(lane, batch)
        return this.#lanes.backOff(lane)
      case 'retry':
        return this.#lanes.backOff(lane)
    }
  }

  /** After a record of an order group that was not acknowledged, the later ones that wait are not sent. Those in its batch share its fate. */
  #stopGroup(later: readonly Rider[]): void {
    const stopped = later.filter(rider => this.#accumulator.remove(rider) || this.#lanes.of(rider).removeSplit(rider))
    for (const rider of stopped) this.#accumulator.orderGroups.forget(rider)
    for (const rider of stopped) this.#settler.unsent(rider, ORDER_GROUP_STOPPED)
  }

  #giveUp(lane: Lane, batch: ProducerBatch, kind: FailedOutcome, { code, cause }: Failure): void {
    this.#settler.allFailed(batch, kind, { code, cause })
    this.#lanes.endBatch(lane, batch)
  }

  #onDeadline(riders: readonly Rider[]): void {
    const touched = new Set<Lane>()
    for (const rider of riders) {
      if (rider.settled) continue
      const lane = this.#lanes.of(rider)
      if (this.#accumulator.remove(rider) || lane.removeSplit(rider)) this.#settler.unsent(rider, lane.reason ?? 'DEADLINE')
      else {
        this.#leaveBatch(lane, rider)
        touched.add(lane)
      }
    }
    for (const lane of touched) this.#afterLeaving(lane)
    this.#dropIdleRequests()
    this.#pump()
  }

  #leaveBatch(lane: Lane, rider: Rider): void {
    const batch = lane.batch
    if (!batch) return
    const code = batch.lastCode ?? lane.reason ?? 'DEADLINE'
    const mayBeWritten = batch.maybeWritten || lane.written
    this.#settler.failed(rider, batch, mayBeWritten ? 'unknown' : outcomeSoFar(batch), { code, cause: batch.lastCause })
    if (!mayBeWritten && lane.inFlight) lane.changed = true
  }

  #afterLeaving(lane: Lane): void {
    const batch = lane.batch
    if (!batch || lane.inFlight) return
    if (!batch.maybeWritten) this.#lanes.rebuild(lane, batch)
    else if (!batch.hasWaiters) this.#lanes.endBatch(lane, batch)
  }

  /** A request that nobody waits for any more must not go on in a sandbox that is about to be frozen. */
  #dropIdleRequests(): void {
    for (const leader of this.#inFlight.idleLeaders()) void this.#client.dropConnections('deadline', leader)
  }

  #wakeAt(at: number): void {
    const { clock } = this.#options
    clock.clearTimeout(this.#timer)
    if (at < Number.POSITIVE_INFINITY) this.#timer = clock.setTimeout(() => this.#pump(), Math.max(1, at - clock.now()))
  }
}
