// Who hears of every record's end. Spring: ProducerListener. Kafka: ProducerInterceptor.
import type { KafkaProducerError } from './errors.ts'
import type { ProducerRecord } from './record/producer-record.ts'
import type { RecordMetadata } from './record/record-metadata.ts'

export interface ProducerListener<K = unknown, V = unknown> {
  onSuccess?(record: ProducerRecord<K, V>, metadata: RecordMetadata): void
  onError?(record: ProducerRecord<K, V>, error: KafkaProducerError): void
}

export interface ProducerInterceptor<K = unknown, V = unknown> {
  /** Before anything else: what it returns is sent in place of the record. Where it throws, the record goes as it was. */
  onSend?(record: ProducerRecord<K, V>): ProducerRecord<K, V>
  /** One of the two is null. */
  onAcknowledgement?(metadata: RecordMetadata | null, error: KafkaProducerError | null): void
}

/** The listener where none is given: an error that nobody awaits is seen all the same. No key, no value. */
export class LoggingProducerListener implements ProducerListener {
  readonly #log: (text: string) => void

  constructor(log: (text: string) => void = text => console.error(text)) {
    this.#log = log
  }

  onError({ topic }: ProducerRecord, { code, message }: KafkaProducerError): void {
    this.#log(`A record for topic ${topic} was not delivered (${code}): ${message}`)
  }
}
