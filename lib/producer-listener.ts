// Callbacks for the outcome of every record (Spring: ProducerListener; Kafka: ProducerInterceptor).
import type { RecordError } from './errors.ts'
import type { ProducerRecord } from './record/producer-record.ts'
import type { RecordMetadata } from './record/record-metadata.ts'

/**
 * Called with the outcome of every record. Its methods may be async, but nobody waits for their promises, and their
 * results are ignored. An error or rejection becomes a warning (`ProducerFactoryOptions.warn`) and changes nothing for
 * the record.
 */
export interface ProducerListener<K = unknown, V = unknown> {
  onSuccess?(record: ProducerRecord<K, V>, metadata: RecordMetadata): unknown
  onError?(record: ProducerRecord<K, V>, error: RecordError): unknown
}

/** Changes records before they are sent. Errors are handled like those of a `ProducerListener`. */
export interface ProducerInterceptor<K = unknown, V = unknown> {
  /**
   * Called first. Its result is sent in place of the record; if it throws or returns nothing, the record is sent
   * unchanged. If it returns a promise, or anything else that is not a record, the record is invalid (`bad-value`).
   */
  onSend?(record: ProducerRecord<K, V>): ProducerRecord<K, V>
  /** Called with the outcome of a record: either `metadata` or `error` is null. */
  onAcknowledgement?(metadata: RecordMetadata | null, error: RecordError | null): unknown
}

/** The default listener: logs errors, so that an error that nobody awaits is seen. It logs no keys and values. */
export class LoggingProducerListener implements ProducerListener {
  readonly #log: (text: string) => void

  constructor(log: (text: string) => void = text => console.error(text)) {
    this.#log = log
  }

  onError(record: ProducerRecord | null, { code, message }: RecordError): void {
    this.#log(`A record for topic ${record?.topic} was not delivered (${code}): ${message}`)
  }
}
