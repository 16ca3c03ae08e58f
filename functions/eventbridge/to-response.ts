// Stage 9 of 9: fate → nothing, or an error, so that Lambda retries and then uses its on-failure destination. Pure.
import type { RecordFate } from '../../lib/delivery/record-fate.ts'
import { KafkaProducerError } from '../../lib/errors.ts'

/** @throws KafkaProducerError when the record was not stored */
export function toResponse(fate: RecordFate): void {
  if (fate.fate === 'delivered' || fate.fate === 'dead-lettered') return
  throw new KafkaProducerError(fate.code, `The event was not stored (${fate.code}); it goes back to its source.`, {
    retriable: true,
  })
}
