// Stage 9 of 9: fates → nothing, or an error that makes Lambda retry and then use its on-failure destination. Pure.
import type { RecordFate } from '../../lib/delivery/record-fate.ts'
import { KafkaProducerError } from '../../lib/errors.ts'

/**
 * Returns normally if every event is stored.
 * @throws KafkaProducerError if one is not; all events of the invocation then go back
 */
export function toResponse(fates: readonly RecordFate[]): void {
  for (const fate of fates) {
    if (fate.fate === 'delivered' || fate.fate === 'dead-lettered') continue
    const message = `The event was not acknowledged (${fate.code}); it goes back to its source.`
    throw new KafkaProducerError(fate.code, message, { retriable: true })
  }
}
