// Finds the full name of a schema's record, which the strategies RecordName and TopicRecordName use for subjects. Java:
// ParsedSchema.name().
import { isJsonObject, parseJson } from '../record/json-object.ts'
import { protoOutline } from './protobuf/proto-outline.ts'
import type { SchemaType } from './schema-registry.ts'

/**
 * @returns undefined if the schema has no name, e.g. an Avro schema that is not a record, or if it can't be read; the
 * format reports that when it compiles the schema
 */
export function recordName(type: SchemaType, text: string): string | undefined {
  if (type === 'PROTOBUF') return firstMessage(text)
  const schema = parseJson(text)
  if (!isJsonObject(schema)) return undefined
  return type === 'AVRO' ? avroName(schema) : textOf(schema.title)
}

function avroName(schema: Readonly<Record<string, unknown>>): string | undefined {
  if (isJsonObject(schema.type)) return avroName(schema.type)
  const name = textOf(schema.name)
  if (schema.type !== 'record' || name === undefined) return undefined
  const namespace = textOf(schema.namespace)
  return name.includes('.') || namespace === undefined ? name : `${namespace}.${name}`
}

function firstMessage(text: string): string | undefined {
  const { packageName, message } = protoOutline(text)
  return message === undefined || packageName === undefined ? message : `${packageName}.${message}`
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
