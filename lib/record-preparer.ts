// Stages 3 and 4 of a call: validates and serializes its records, in the order of the calls.
import { InvalidRecordError, TransportError } from './errors.ts'
import type { CallRecord, Prepared, ProducerCall } from './producer-call.ts'
import type { ProducerRecord, SerializedRecord } from './record/producer-record.ts'
import type { RecordSerializer } from './serialize/record-serializer.ts'
import { SerializationQueue } from './serialize/serialization-queue.ts'
import type { Clock } from './time/clock.ts'
import { withTimeout } from './time/patient-timer.ts'
import { catchRejection } from './time/thenable.ts'
import { type ValidationRules, validateRecord } from './validate/record-validator.ts'

/** A record whose serializer has not returned yet. */
interface Pending extends CallRecord {
  readonly topic: string
  /** Resolves with undefined if the serializer refused the record; the call then has its report. */
  readonly ready: Promise<Prepared | undefined>
}

type Part = Prepared | Pending

export class RecordPreparer {
  readonly #rules: ValidationRules
  readonly #serializer: RecordSerializer
  readonly #clock: Clock
  readonly #queue = new SerializationQueue()

  constructor(rules: ValidationRules, serializer: RecordSerializer, clock: Clock) {
    this.#rules = rules
    this.#serializer = serializer
    this.#clock = clock
  }

  /**
   * Returns the valid records, one list per topic; topics that an order group spans share a list. A list is ready at
   * the call's deadline at the latest: records whose serializer has not returned by then, or that wait for those of an
   * earlier call, are reported as `deadline`. The call has a report for each record that is left out.
   */
  prepare(call: ProducerCall): readonly (readonly Prepared[] | Promise<readonly Prepared[]>)[] {
    const parts: Part[] = []
    call.records.forEach((record, index) => {
      const part = this.#prepareRecord(record, index, call)
      if (part) parts.push(part)
    })
    return listsOf(parts).map(list => (this.#queue.isIdle && list.every(isPrepared) ? list : this.#inOrder(list, call)))
  }

  #prepareRecord(record: ProducerRecord, index: number, call: ProducerCall): Part | undefined {
    const orderGroup = orderGroupOf(record)
    const fail = (error: unknown, serialized?: SerializedRecord) =>
      void call.fail({ serialized, index, orderGroup }, error)
    try {
      call.throwIfStopped({ orderGroup, index })
    } catch (error) {
      return fail(error, error instanceof InvalidRecordError ? undefined : this.#bytesAtOnce(record, call))
    }
    try {
      const valid = validateRecord(record, this.#rules, call.violations)
      const { topic } = valid
      const serialized = this.#serializer.serialize(valid, () => call.signal)
      if (!(serialized instanceof Promise)) return { serialized, index, orderGroup }
      const ready = serialized.then(bytes => ({ serialized: bytes, index, orderGroup }), fail)
      return { serialized: undefined, index, topic, orderGroup, ready }
    } catch (error) {
      return fail(error)
    }
  }

  /**
   * Serializes a valid record that is not sent, so that its dead letter has the bytes; but not if that would mean
   * waiting for a serializer.
   */
  #bytesAtOnce(record: ProducerRecord, call: ProducerCall): SerializedRecord | undefined {
    try {
      const serialized = this.#serializer.serialize(validateRecord(record, this.#rules, 'first'), () => call.signal)
      if (!(serialized instanceof Promise)) return serialized
      catchRejection(serialized, () => undefined)
    } catch {
      // The record then fails with the reason why it was stopped.
    }
    return undefined
  }

  async #inOrder(parts: readonly Part[], call: ProducerCall): Promise<readonly Prepared[]> {
    const keys = new Set(parts.flatMap(part => [topicOf(part), groupKey(part.orderGroup)].flat()))
    const ready = parts.map(part => (isPrepared(part) ? part : part.ready))
    try {
      const prepared = await this.#queue.inOrder([...keys], ready, work =>
        withTimeout(this.#clock, Math.max(0, call.deadline.remaining), call.untilEnd(work), tooLate),
      )
      return prepared.filter(part => part !== undefined)
    } catch (error) {
      for (const part of parts) call.fail(part, error)
      return []
    }
  }
}

/** Returns a list per topic. Topics that an order group spans share a list. */
function listsOf(parts: Part[]): readonly Part[][] {
  const [first] = parts
  if (!first) return []
  const topic = topicOf(first)
  if (parts.every(part => topicOf(part) === topic)) return [parts]
  const listOf = parts.some(part => part.orderGroup !== undefined) ? joinedTopics(parts) : topicOf
  return [...Map.groupBy(parts, listOf).values()]
}

/** Maps a part to one of the topics that share its list, the same topic for each of these parts. */
function joinedTopics(parts: readonly Part[]): (part: Part) => string {
  /** Topic → another topic of the same list. The last topic of a list has no entry. */
  const next = new Map<string, string>()
  const lastOf = (topic: string): string => {
    let last = topic
    for (let other = next.get(last); other !== undefined; other = next.get(last)) last = other
    return last
  }
  const topicOfGroup = new Map<string, string>()
  for (const part of parts) {
    if (part.orderGroup === undefined) continue
    const last = lastOf(topicOf(part))
    const ofGroup = lastOf(topicOfGroup.get(part.orderGroup) ?? last)
    topicOfGroup.set(part.orderGroup, ofGroup)
    if (ofGroup !== last) next.set(last, ofGroup)
  }
  return part => lastOf(topicOf(part))
}

function isPrepared(part: Part): part is Prepared {
  return part.serialized !== undefined
}

function topicOf(part: Part): string {
  return isPrepared(part) ? part.serialized.topic : part.topic
}

/** The order group of a record. Stage 3 refuses one that is not text, and a record whose fields can't be read. */
function orderGroupOf(record: ProducerRecord | null): string | undefined {
  try {
    const orderGroup: unknown = record?.orderGroup
    return typeof orderGroup === 'string' ? orderGroup : undefined
  } catch {
    return undefined
  }
}

/** The slash keeps order groups apart from topics, whose names contain none. */
function groupKey(orderGroup: string | undefined): string[] {
  return orderGroup === undefined ? [] : [`/${orderGroup}`]
}

function tooLate(): TransportError {
  return new TransportError(
    'deadline',
    'The deadline passed before the serializer of this record, or of an earlier one of its topic, returned its bytes.',
    { causeCode: 'DEADLINE', retriable: true },
  )
}
