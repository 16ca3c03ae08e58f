// Connects stages 3 to 8 of one producer, and keeps the calls in progress.
import { Appender } from './accumulate/appender.ts'
import { largestRecord } from './accumulate/buffer-pool.ts'
import { RecordAccumulator } from './accumulate/record-accumulator.ts'
import { ClientRack } from './client-rack.ts'
import { CodecLoader } from './codec-loader.ts'
import type { ProducerConfig } from './config/settings.ts'
import { configuredPartitioner } from './configured-classes.ts'
import { senderOptionsOf } from './configured-options.ts'
import { ConfiguredSerializers } from './configured-serializers.ts'
import type { DeliveryReport } from './delivery/delivery-report.ts'
import { DeliveryError, type InvalidRecordError } from './errors.ts'
import { RecordPartitioner } from './partition/record-partitioner.ts'
import { PreparedAppender } from './prepared-appender.ts'
import { type Prepared, ProducerCall } from './producer-call.ts'
import type { ProducerMetrics } from './producer-metrics.ts'
import type { ProducerRecord } from './record/producer-record.ts'
import { RecordPreparer } from './record-preparer.ts'
import { Sender } from './send/sender.ts'
import { RecordSerializer } from './serialize/record-serializer.ts'
import type { Clock } from './time/clock.ts'
import type { Deadline } from './time/deadline.ts'
import type { KafkaClient } from './transport/kafka-client.ts'
import type { ValidationRules } from './validate/record-validator.ts'

export interface ProducerStagesParts {
  readonly client: KafkaClient
  readonly rules: ValidationRules
  readonly clock: Clock
  readonly warn: (text: string) => void
  /** No record lingers while a flush is in progress. */
  readonly isFlushing: () => boolean
  /** Called once, after an internal error has ended the Sender. */
  readonly onBroken: (error: unknown) => void
}

export class ProducerStages {
  readonly sender: Sender
  readonly serializers: ConfiguredSerializers
  readonly #clock: Clock
  readonly #preparer: RecordPreparer
  readonly #preparedAppender: PreparedAppender
  readonly #appender: Appender
  readonly #accumulator: RecordAccumulator
  readonly #codec: CodecLoader
  readonly #rack: ClientRack
  /** Calls that have records without a report. */
  readonly #calls = new Set<ProducerCall>()
  /** How many lists of records wait for a serializer, the codec or the rack. Later lists must not overtake them. */
  #partsThatWait = 0
  /** Of the calls that have ended. */
  #expiredRecords = 0

  /** @throws ConfigError if a class that a setting names can't be loaded */
  constructor(config: ProducerConfig, { client, rules, clock, warn, isFlushing, onBroken }: ProducerStagesParts) {
    this.#clock = clock
    const { partitioner, isCustom } = configuredPartitioner(config)
    this.serializers = new ConfiguredSerializers(config, warn)
    const { key, value } = this.serializers
    this.#preparer = new RecordPreparer(
      rules,
      new RecordSerializer(config.maxRequestSize, {
        key,
        value,
        maxInBuffer: largestRecord(config.bufferMemory),
        config,
      }),
      clock,
    )
    this.#accumulator = new RecordAccumulator(config.batchSize, clock, config.metadataMaxAgeMs)
    this.#appender = new Appender(this.#accumulator, config.bufferMemory, clock, records => this.sender.add(records))
    this.#rack = new ClientRack(config, warn)
    this.sender = new Sender(client, this.#accumulator, {
      ...senderOptionsOf(config),
      clock,
      rack: () => this.#rack.name,
      warn,
      onCompleted: pending => this.#appender.release(pending),
      isExhausted: () => this.#appender.isExhausted,
      onBroken,
    })
    this.#preparedAppender = new PreparedAppender({
      appender: this.#appender,
      partitioner: new RecordPartitioner(partitioner, isCustom ? warn : undefined),
      metadata: this.sender.metadata,
      clock,
      maxBlockMs: config.maxBlockMs,
      isFlushing,
    })
    this.#codec = new CodecLoader(config.compressionType, compression => {
      this.#accumulator.compression = compression
    })
  }

  get counters(): Pick<ProducerMetrics, 'bufferUsed' | 'bufferWaits' | 'bufferWaitTimeMs' | 'expiredRecords'> {
    const { bufferUsed, waits } = this.#appender
    const expiredRecords = this.#expiredRecords + this.sender.stats.expiredRecords
    return { bufferUsed, bufferWaits: waits.count, bufferWaitTimeMs: waits.ms, expiredRecords }
  }

  /**
   * Waits for what the first records need before they get a partition: the codec of `compression.type`, and
   * `client.rack`.
   */
  async loaded(deadline: Deadline): Promise<void> {
    await this.#codec.loading
    await this.#rack.loaded(this.#clock, deadline)
  }

  /** Why the producer takes no more records. */
  get closedError(): DeliveryError {
    const { broken } = this.sender
    const options = { outcome: 'not-sent', retriable: false } as const
    if (broken === undefined)
      return new DeliveryError('unavailable', 'The producer is closed.', { ...options, causeCode: 'CLOSED' })
    return new DeliveryError('unavailable', 'An internal error has stopped the producer; the cause is that error.', {
      ...options,
      causeCode: 'INTERNAL_ERROR',
      cause: broken,
    })
  }

  /**
   * Takes the records of one call through the stages.
   * @param refused records that are invalid before the first stage, by index
   */
  run(
    records: readonly ProducerRecord[],
    deadline: Deadline,
    lingerMs: number,
    refused?: ReadonlyMap<number, InvalidRecordError>,
  ): Promise<DeliveryReport[]> {
    const onReported = this.#onReported
    const call = new ProducerCall(records, { deadline, lingerMs, refused, clock: this.#clock, onReported })
    this.#calls.add(call)
    // Topics do not wait for each other, unless an order group may span them.
    for (const part of this.#preparer.prepare(call)) {
      const isLoading = !this.#codec.isLoaded || this.#rack.loading !== undefined
      const mustWait = part instanceof Promise || this.#partsThatWait > 0 || isLoading
      const appended = mustWait ? this.#appendLater(part, call) : this.#preparedAppender.append(part, call)
      appended.catch(error => call.break(error))
    }
    call.endIfReported()
    return call.reports
  }

  readonly #onReported = (call: ProducerCall) => {
    if (this.#calls.delete(call)) this.#expiredRecords += call.expiredRecords
  }

  /** Whether no record waits for its report. */
  get isIdle(): boolean {
    return this.#calls.size === 0
  }

  /** Resolves when each record that was passed in before this call has its report. */
  async allReported(): Promise<void> {
    await Promise.allSettled([...this.#calls].map(call => call.reports))
  }

  /** Makes every record that waits for a batch ready to be sent at once. */
  flush(): void {
    this.#accumulator.flush()
    this.sender.requestRun()
  }

  /** Completes all records with what is known about them, also those that have not reached the Sender. */
  end(): void {
    this.sender.close()
    const error = this.closedError
    for (const call of this.#calls) call.end(error)
  }

  async #appendLater(part: readonly Prepared[] | Promise<readonly Prepared[]>, call: ProducerCall): Promise<void> {
    this.#partsThatWait++
    const records = await part
    await this.loaded(call.deadline)
    this.#partsThatWait--
    const { error } = this.#codec
    if (error) for (const record of records) call.fail(record, error)
    else if (records.length > 0) await this.#preparedAppender.append(records, call)
  }
}
