// The producer's public class. producer-stages.ts connects its stages.
import type { ProducerConfig } from './config/settings.ts'
import { type DeliveryReport, notSent } from './delivery/delivery-report.ts'
import { currentScope } from './delivery/invocation-scope.ts'
import { withRecordEvents } from './delivery/report-events.ts'
import { SendSpans } from './delivery/send-spans.ts'
import { errorName, notSentError, TransportError } from './errors.ts'
import { checkRecordId, type IdentifiedRecords, identifyRecords, type RecordIdOption } from './identify-records.ts'
import type { TopicPartitions } from './partition/partitioner.ts'
import type { ProducerMetrics } from './producer-metrics.ts'
import { ProducerStages } from './producer-stages.ts'
import type { ProducerRecord } from './record/producer-record.ts'
import type { RecordMetadata } from './record/record-metadata.ts'
import { recordList } from './record-list.ts'
import { type Clock, systemClock } from './time/clock.ts'
import { Deadline } from './time/deadline.ts'
import { withTimeout } from './time/patient-timer.ts'
import { transportError } from './transport/error-codes.ts'
import type { KafkaClient } from './transport/kafka-client.ts'
import { checkTopic } from './validate/check-topic.ts'
import type { ValidationRules } from './validate/record-validator.ts'
import { guardedWarn } from './warn.ts'

export interface KafkaProducerDependencies {
  readonly client: KafkaClient
  /** Which topics may be sent to, and what their records need. Default: any topic, with or without a key. */
  readonly rules?: ValidationRules
  /**
   * Which id records without a `kp-id` header get. Default: `none`; the middleware and KafkaTemplate have another
   * default.
   */
  readonly recordId?: RecordIdOption
  readonly clock?: Clock
  /** Called with problems that do not stop the producer. Default: `process.emitWarning`, a line on stderr. */
  readonly warn?: (text: string) => void
}

/** Spring: `DefaultKafkaProducerFactory.DEFAULT_PHYSICAL_CLOSE_TIMEOUT`. */
const CLOSE_TIMEOUT_MS = 30_000

export interface CloseOptions {
  /** How long records may wait for their outcomes, ms. Default: 30,000. */
  readonly timeoutMs?: number
}

/** Sends records to Kafka. Create it with a `ProducerFactory`, which keeps one per configuration. */
export class KafkaProducer {
  readonly #config: ProducerConfig
  readonly #client: KafkaClient
  readonly #warn: (text: string) => void
  readonly #clock: Clock
  readonly #stages: ProducerStages
  readonly #recordId: RecordIdOption
  /** The number of `flush` calls in progress. */
  #flushes = 0
  #closed = false
  #ended: Promise<void> | undefined

  /** @throws ConfigError if a class that a setting names can't be loaded, or `recordId` is not valid */
  constructor(
    config: ProducerConfig,
    { client, rules = { anyTopic: true }, recordId = 'none', clock = systemClock, warn }: KafkaProducerDependencies,
  ) {
    checkRecordId(recordId)
    this.#config = config
    this.#client = client
    this.#clock = clock
    this.#recordId = recordId
    this.#warn = guardedWarn(warn)
    this.#stages = new ProducerStages(config, {
      client,
      rules,
      clock,
      warn: this.#warn,
      isFlushing: () => this.#flushes > 0,
      onBroken: error => this.#onBroken(error),
    })
  }

  /** The configuration that it was created with. Printed or logged, it shows no secrets. */
  get config(): ProducerConfig {
    return this.#config
  }

  /** Whether no record waits for its outcome. */
  get isIdle(): boolean {
    return this.#stages.isIdle
  }

  /**
   * Whether it can send. False after it was closed or stopped by an internal error; the factory then creates another
   * one.
   */
  get isUsable(): boolean {
    return !this.#closed && this.#stages.sender.broken === undefined
  }

  /**
   * Connects and gets the producer id before the first send. Optional: a send does both if needed. Concurrent callers
   * share the requests; each waits until its own deadline (default: `max.block.ms`).
   * @throws TransportError if no broker answered before the deadline
   */
  async connect(deadline: Deadline = Deadline.after(this.#clock, this.#config.maxBlockMs)): Promise<void> {
    const { identity, metadata } = this.#stages.sender
    const late = () =>
      transportError('UNREACHABLE', 'No broker returned a producer id before the deadline.', { retriable: true })
    await Promise.all([
      this.#stages.loaded(deadline),
      metadata.reach(deadline),
      this.#config.enableIdempotence && !identity.current
        ? withTimeout(this.#clock, deadline.remaining, identity.request(), late)
        : undefined,
    ])
  }

  /**
   * Sends one record, which may wait `linger.ms` for others. The record is copied, so the caller may change the record,
   * its headers and its bytes as soon as this returns; except the data that an asynchronous serializer still works on.
   * @throws InvalidRecordError if the record is invalid; a retry does not help
   * @throws DeliveryError for any other failure; `outcome` says what is known about the record, `code` and `cause` say
   *   why
   */
  send(record: ProducerRecord): Promise<RecordMetadata> {
    const work = this.deliver([record], undefined, this.#config.lingerMs).then(reports => {
      const [report] = reports as [DeliveryReport]
      if (report.kind === 'failed') throw report.error
      return report.metadata
    })
    return currentScope()?.track(work) ?? work
  }

  /**
   * Sends all records without waiting for `linger.ms`. Resolves with one report per record, in order, once each record
   * has its outcome; at the latest at the earliest of `deadline`, the invocation's deadline and `delivery.timeout.ms`.
   * The records are copied, as in `send`.
   * @throws InvalidRecordError only if the list is not a list or can't be read; none of its records is sent
   */
  sendAll(records: readonly ProducerRecord[], deadline?: Deadline): Promise<DeliveryReport[]> {
    const work = this.deliver(records, deadline)
    return currentScope()?.trackReports(work) ?? work
  }

  /**
   * Like `sendAll`, but a failure does not fail the invocation, for callers that look at every report.
   * @param lingerMs how long the records may wait for others, ms
   * @param recordId default: the invocation's if the middleware provided this producer, else the producer's own
   */
  deliver(
    records: readonly ProducerRecord[],
    deadline?: Deadline,
    lingerMs = 0,
    recordId: RecordIdOption = currentScope()?.recordIdFor(this) ?? this.#recordId,
  ): Promise<DeliveryReport[]> {
    let list: readonly ProducerRecord[]
    try {
      list = recordList(records)
    } catch (error) {
      return Promise.reject(error)
    }
    if (lingerMs > 0) currentScope()?.flushAtClose(this)
    const spans = SendSpans.begin(list, this.#config.clientId, this.#warn)
    // After the spans were started: their parent is the caller's context and not the traceparent that is added here.
    const run = this.#run(identifyRecords(spans?.records ?? list, recordId), deadline, lingerMs)
    const call = withRecordEvents(run, this.#config.clientId, this.#clock)
    // The spans end before the caller gets its reports: a sandbox that is frozen after its answer would end them later,
    // or never.
    return spans ? spans.endWith(call) : call
  }

  /** Sends every waiting batch now, and waits until each record passed in before this call has its outcome. */
  async flush(): Promise<void> {
    this.#flushes++
    try {
      this.#stages.flush()
      await this.#stages.allReported()
    } finally {
      this.#flushes--
    }
  }

  /**
   * Returns a topic's partitions, and asks the brokers if they are unknown.
   * @throws InvalidRecordError `unknown-topic` if the text can't be a topic name; the brokers are then not asked
   * @throws TransportError after `max.block.ms`: `topic-not-on-cluster`, or why no broker answered
   */
  async partitionsFor(topic: string): Promise<TopicPartitions> {
    checkTopic(topic)
    return this.#stages.sender.metadata.forTopic(topic, Deadline.after(this.#clock, this.#config.maxBlockMs))
  }

  metrics(): ProducerMetrics {
    const { connectionAttempts, connectionAttemptsByReason, openConnections } = this.#client.stats
    const { stats, identity, metadata } = this.#stages.sender
    return {
      ...stats,
      ...this.#stages.counters,
      connectionAttempts,
      connectionAttemptsByReason,
      connections: openConnections,
      producerIds: identity.count,
      metadataRefreshes: metadata.refreshes,
    }
  }

  /** Returns whether any broker answers a request before the deadline. */
  async isReachable(deadline: Deadline): Promise<boolean> {
    return this.#stages.sender.metadata.reach(deadline).then(
      () => true,
      () => false,
    )
  }

  /**
   * Takes no new records, sends every waiting record, and waits for the outcomes for at most `timeoutMs` (default:
   * 30,000, as in Spring; 0: no wait; Infinity: as long as the records' deadlines allow). Then reports what is known
   * about the remaining records, and closes every connection and the serializers that the producer created. A second
   * call with a shorter time ends the wait of the first.
   */
  async close({ timeoutMs = CLOSE_TIMEOUT_MS }: CloseOptions = {}): Promise<void> {
    this.#closed = true
    // A value that is not a number must not cost records their time.
    const ms = typeof timeoutMs === 'number' && !Number.isNaN(timeoutMs) ? timeoutMs : CLOSE_TIMEOUT_MS
    const deadline = Deadline.after(this.#clock, ms)
    if (!this.isIdle && ms > 0) await this.#flushWithin(ms)
    await this.#end(deadline)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #flushWithin(ms: number): Promise<void> {
    const timeout = new TransportError('deadline', 'The time of close is over.')
    await withTimeout(this.#clock, ms, this.flush(), () => timeout).catch(error => {
      if (error !== timeout) throw error
    })
  }

  /** @param deadline how long it waits for serializers to close */
  async #end(deadline: Deadline): Promise<void> {
    this.#stages.end()
    this.#ended ??= this.#client.close(Deadline.after(this.#clock, 0))
    const { serializers } = this.#stages
    await Promise.all([this.#ended, serializers.close(deadline, this.#clock)])
  }

  #onBroken(error: unknown): void {
    this.#warn(
      `An internal error (${errorName(error)}) stopped the producer; its records' errors have it as their cause.`,
    )
    this.#end(Deadline.after(this.#clock, 0)).catch(() =>
      this.#warn('The connections of the stopped producer stay open.'),
    )
  }

  #run(
    { records, refused }: IdentifiedRecords,
    callDeadline: Deadline | undefined,
    lingerMs: number,
  ): Promise<DeliveryReport[]> {
    const scope = currentScope()
    const closed = scope?.closedError
    if (closed) return Promise.reject(notSentError(closed))
    if (!this.isUsable) {
      const { closedError } = this.#stages
      return Promise.resolve(records.map(record => notSent(record, undefined, closedError, this.#clock.epochMs())))
    }
    const deadline = Math.min(
      callDeadline?.at ?? Number.POSITIVE_INFINITY,
      scope?.deadline?.at ?? Number.POSITIVE_INFINITY,
      this.#clock.now() + this.#config.deliveryTimeoutMs,
    )
    return this.#stages.run(records, new Deadline(this.#clock, deadline), lingerMs, refused)
  }
}
