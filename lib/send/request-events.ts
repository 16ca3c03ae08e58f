// Publishes an event per Produce request on a channel of node:diagnostics_channel. Without a subscriber nothing is
// computed.
import { channel } from 'node:diagnostics_channel'
import type { ProducerBatch } from '../accumulate/producer-batch.ts'
import type { ProduceOutcome } from '../transport/kafka-client.ts'

/**
 * An event of the channel `serverless-kafka-producer:request`: a Produce request has ended, with or without an answer.
 */
export interface RequestEvent {
  readonly clusterId: string | null
  /** The id of the broker. */
  readonly broker: number
  readonly batches: readonly {
    readonly topic: string
    readonly partition: number
    readonly records: number
    /** The size as sent: compressed, with the header of the batch. */
    readonly bytes: number
    /** The outcome of this attempt. Unless it is `acknowledged`, the batch may be sent again. */
    readonly outcome: 'acknowledged' | 'rejected' | 'not-sent' | 'unknown'
    /** The driver's or the broker's code; null for an acknowledged batch. */
    readonly causeCode: string | null
  }[]
  /** The pause that the broker asked for (quota), ms. */
  readonly throttleMs: number
  readonly durationMs: number
}

interface EndedRequest extends Pick<RequestEvent, 'broker' | 'throttleMs' | 'durationMs'> {
  readonly clusterId: string | null | undefined
  readonly batches: readonly ProducerBatch[]
  readonly outcomes: readonly ProduceOutcome[]
}

const requests = channel('serverless-kafka-producer:request')

export function publishRequest({
  clusterId = null,
  broker,
  batches,
  outcomes,
  throttleMs,
  durationMs,
}: EndedRequest): void {
  if (!requests.hasSubscribers) return
  const event: RequestEvent = {
    clusterId,
    broker,
    batches: batches.map((batch, index) => {
      const outcome = outcomes[index]
      return {
        topic: batch.topic,
        partition: batch.partition,
        records: batch.records.length,
        bytes: batch.bytes.length,
        outcome: outcome?.kind === 'acked' ? 'acknowledged' : (outcome?.kind ?? 'unknown'),
        causeCode: outcome === undefined || outcome.kind === 'acked' ? null : outcome.causeCode,
      }
    }),
    throttleMs,
    durationMs,
  }
  requests.publish(event)
}
