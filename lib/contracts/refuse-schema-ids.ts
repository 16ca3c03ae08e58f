// Refuses the headers that name a schema (`__key_schema_id`, `__value_schema_id`) where the registry's serializer sets
// them. Otherwise a caller could choose the schema by which consumers read the record.

import { InvalidRecordError } from '../errors.ts'
import { addedBefore } from '../record/header-list.ts'
import type { ProducerRecordHeader } from '../record/producer-record.ts'
import { isSchemaIdHeader, KEY_SCHEMA_ID_HEADER, VALUE_SCHEMA_ID_HEADER } from '../record/schema-id-headers.ts'
import type { SerializerContext } from '../serialize/serializer.ts'
import type { Contract } from './contract.ts'

export const SCHEMA_IDS_EXPECTED = `no ${KEY_SCHEMA_ID_HEADER} or ${VALUE_SCHEMA_ID_HEADER}`

/** Whether a topic's keys or values are serialized by a schema of a registry. */
export function isWrittenBySchema({ key, value }: Contract): boolean {
  return value.codec.uses !== undefined || key.codec?.uses !== undefined
}

/** The same check for serializers that use a schema of a registry. @throws InvalidRecordError `reserved-header` */
export function refuseSchemaIdsOf({ headers }: SerializerContext): void {
  refuseSchemaIds(headers, index => `/headers/${index - addedBefore(headers)}/name`)
}

/**
 * @param pointerOf returns the JSON pointer, within the record, of the name of the header with this index
 * @throws InvalidRecordError `reserved-header`
 */
export function refuseSchemaIds(headers: readonly ProducerRecordHeader[], pointerOf: (index: number) => string): void {
  const index = headers.findIndex(([name]) => isSchemaIdHeader(name))
  if (index < 0) return
  const message = `headers: expected ${SCHEMA_IDS_EXPECTED} where a registry’s schema serializes the key or the value.`
  throw new InvalidRecordError('reserved-header', message, {
    violations: [{ pointer: pointerOf(index), rule: 'reserved', expected: SCHEMA_IDS_EXPECTED }],
  })
}
