// Asks a client of a registry, which may be a program's own: whatever it does is no fault of the record.
import { SerializationError } from '../errors.ts'
import { isJsonObject } from '../record/json-object.ts'
import { noFaultOfTheRecord } from './no-fault-of-the-record.ts'
import type { RegisteredSchema, SchemaRegistry, SchemaSelection } from './schema-registry.ts'

const MAX_ID = 2 ** 31 - 1

/** @throws SerializationError of the kind `delivery-failure`, by rejection */
export async function askRegistry(
  registry: SchemaRegistry,
  selection: SchemaSelection,
  signal: AbortSignal,
): Promise<RegisteredSchema> {
  let schema: unknown
  try {
    schema = await registry.find(selection, signal)
  } catch (cause) {
    return noFaultOfTheRecord('schema-registry')(cause)
  }
  if (isRegisteredSchema(schema)) return schema
  const message = 'schema registry: expected its client to find a RegisteredSchema, got something else'
  throw new SerializationError('delivery-failure', message, { code: 'schema-registry', retriable: false })
}

function isRegisteredSchema(schema: unknown): schema is RegisteredSchema {
  return (
    isJsonObject(schema) &&
    isSchemaId(schema.id) &&
    typeof schema.type === 'string' &&
    typeof schema.text === 'string' &&
    Array.isArray(schema.references) &&
    schema.imports instanceof Map
  )
}

function isSchemaId(id: unknown): boolean {
  if (!isJsonObject(id)) return false
  if (id.registry === 'glue') return typeof id.versionId === 'string'
  const isNumber = Number.isInteger(id.id) && (id.id as number) >= 0 && (id.id as number) <= MAX_ID
  return id.registry === 'confluent' && isNumber && (id.guid === undefined || typeof id.guid === 'string')
}
