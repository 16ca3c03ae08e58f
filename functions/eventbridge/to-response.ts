// Stage 9 of 9: fates → nothing, or an error, so that Lambda retries and then uses its on-failure destination. Pure.
import type { RecordFate } from '../../lib/delivery/record-fate.ts'
import { KafkaProducerError } from '../../lib/errors.ts'

/** @throws KafkaProducerError when a record was not stored: all events of the invocation go back */
export function toResponse(fates: readonly RecordFate[]): void {
  for (const fate of fates) {
    if (fate.fate === 'delivered' || fate.fate === 'dead-lettered') continue
    throw new KafkaProducerError(fate.code, `The event was not stored (${fate.code}); it goes back to its source.`, {
      retriable: true,
    })
  }
}
