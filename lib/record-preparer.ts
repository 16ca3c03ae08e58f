// Stages 3 and 4 of a call: its records are validated and become bytes.
import type { Prepared, ProducerCall } from './producer-call.ts'
import type { ProducerRecord } from './record/producer-record.ts'
import type { RecordSerializer } from './serialize/record-serializer.ts'
import { SerializationQueue } from './serialize/serialization-queue.ts'
import { type ValidationRules, validateRecord } from './validate/record-validator.ts'

export class RecordPreparer {
  readonly #rules: ValidationRules
  readonly #serializer: RecordSerializer
  readonly #queue = new SerializationQueue()

  constructor(rules: ValidationRules, serializer: RecordSerializer) {
    this.#rules = rules
    this.#serializer = serializer
  }

  /** Returns the records that are valid; the call has reports for the others. */
  prepare(records: readonly ProducerRecord[], call: ProducerCall): Prepared[] | Promise<Prepared[]> {
    return this.#queue.inOrder(records.map((record, index) => this.#prepareRecord(record, index, call)))
  }

  #prepareRecord(record: ProducerRecord, index: number, call: ProducerCall): Prepared[] | Promise<Prepared[]> {
    const fail = (error: unknown): Prepared[] => {
      call.fail({ record, serialized: undefined, index }, error)
      return []
    }
    try {
      call.throwIfStopped({ record, index })
      const serialized = this.#serializer.serialize(validateRecord(record, this.#rules))
      return serialized instanceof Promise
        ? serialized.then(bytes => [{ record, serialized: bytes, index }], fail)
        : [{ record, serialized, index }]
    } catch (error) {
      return fail(error)
    }
  }
}
