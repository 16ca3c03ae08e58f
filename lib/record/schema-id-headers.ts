// The headers that name the schema of a record's key and value. Confluent's deserializers use them before they look
// into the bytes (Python: SerializationContext, Java: DualSchemaIdDeserializer).

export const KEY_SCHEMA_ID_HEADER = '__key_schema_id'
export const VALUE_SCHEMA_ID_HEADER = '__value_schema_id'

export function isSchemaIdHeader(name: string): boolean {
  return name === KEY_SCHEMA_ID_HEADER || name === VALUE_SCHEMA_ID_HEADER
}
