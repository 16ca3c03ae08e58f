// Wraps a caller's own registry client: its results are checked, and its errors become delivery failures, never invalid
// records.

import { isInstance, SerializationError } from '../errors.ts'
import { isUuid } from '../record/uuid.ts'
import { type RegistryName, SCHEMA_TYPES } from './registry-codec-options.ts'
import type { RegisteredSchema, SchemaRegistry } from './schema-registry.ts'
import { toDeliveryFailure } from './to-delivery-failure.ts'

const MAX_ID = 2 ** 31 - 1
const TYPES: readonly unknown[] = Object.values(SCHEMA_TYPES)

type Fields = Readonly<Record<string, unknown>>

export function checkedRegistry(registry: SchemaRegistry, kind: RegistryName): SchemaRegistry {
  return {
    async find(selection, signal) {
      try {
        const schema: unknown = await registry.find(selection, signal)
        const expected = faultOf(schema, kind)
        if (expected !== undefined)
          throw failure(`expected the registry to answer with ${expected}, got something else`)
        return schema as RegisteredSchema
      } catch (cause) {
        if (isInstance(cause, SerializationError) && cause.kind !== 'delivery-failure')
          throw failure('expected the registry to answer, or a delivery failure; got one of another kind', cause)
        return toDeliveryFailure('schema-registry')(cause)
      }
    },
  }
}

/** @returns what was expected */
function faultOf(schema: unknown, kind: RegistryName): string | undefined {
  if (!isObject(schema)) return 'a schema'
  const { id, type, text, references, imports } = schema
  if (!isId(id, kind))
    return kind === 'glue'
      ? '`id`: { registry: "glue", versionId: a UUID }'
      : '`id`: { registry: "confluent", id: from 0 to 2147483647, guid: undefined or a UUID }'
  if (!TYPES.includes(type)) return `\`type\` ${TYPES.join(', ')}`
  if (typeof text !== 'string') return '`text` as text'
  if (!Array.isArray(references)) return '`references` as a list'
  if (!(imports instanceof Map) || ![...imports].flat().every(entry => typeof entry === 'string'))
    return '`imports` as a Map of names and texts'
  return undefined
}

function isId(id: unknown, kind: RegistryName): boolean {
  if (!isObject(id) || id.registry !== kind) return false
  if (kind === 'glue') return isUuid(id.versionId)
  const number = id.id
  return Number.isInteger(number) && (number as number) >= 0 && (number as number) <= MAX_ID && isUuid(id.guid ?? NONE)
}

const NONE = '00000000-0000-0000-0000-000000000000'

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function failure(what: string, cause?: unknown): SerializationError {
  return new SerializationError('delivery-failure', `schema registry: ${what}.`, {
    code: 'schema-registry',
    retriable: false,
    ...(cause === undefined ? {} : { cause }),
  })
}
