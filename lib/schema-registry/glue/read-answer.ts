// Parses and checks the responses of AWS Glue.
import { isUuid } from '../../record/uuid.ts'
import type { SchemaType } from '../schema-registry.ts'
import { failure } from './glue-errors.ts'

export interface GlueVersion {
  readonly versionId: string
  readonly type: SchemaType
  readonly status: GlueStatus
}

type GlueStatus = 'AVAILABLE' | 'PENDING' | 'FAILURE' | 'DELETING'

/** AWS's limit is 170,000. */
const MAX_DEFINITION = 1024 * 1024
const TYPES: readonly unknown[] = ['AVRO', 'JSON', 'PROTOBUF'] satisfies SchemaType[]
const STATUSES: readonly unknown[] = ['AVAILABLE', 'PENDING', 'FAILURE', 'DELETING'] satisfies GlueStatus[]

type Answer = Readonly<Record<string, unknown>>

/** @throws SerializationError `schema-unusable` */
export function readVersion(answer: object): GlueVersion {
  const { SchemaVersionId: versionId, DataFormat: type, Status: status } = answer as Answer
  if (!isUuid(versionId)) throw unusable('SchemaVersionId as a UUID')
  if (!isOneOf<SchemaType>(TYPES, type)) throw unusable(`DataFormat ${TYPES.join(', ')}`)
  if (!isOneOf<GlueStatus>(STATUSES, status)) throw unusable(`Status ${STATUSES.join(', ')}`)
  return { versionId, type, status }
}

/** Reads a response of GetSchemaVersion. @throws SerializationError `schema-unusable` */
export function readDefinition(answer: object): { readonly text: string; readonly version: number } {
  const { SchemaDefinition: text, VersionNumber: version } = answer as Answer
  if (typeof text !== 'string' || text.length > MAX_DEFINITION)
    throw unusable(`SchemaDefinition as text of at most ${MAX_DEFINITION} characters`)
  if (!Number.isSafeInteger(version) || (version as number) < 1) throw unusable('VersionNumber from 1')
  return { text, version: version as number }
}

function isOneOf<T>(list: readonly unknown[], value: unknown): value is T {
  return list.includes(value)
}

function unusable(expected: string): Error {
  return failure('schema-unusable', `expected an answer with ${expected}, got something else.`)
}
