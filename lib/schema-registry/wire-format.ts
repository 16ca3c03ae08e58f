// Writes the id of a schema before the bytes of a record, or into a header. Confluent:
// https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html Glue:
// AWSSchemaRegistryConstants and SerializationDataEncoder of github.com/awslabs/aws-glue-schema-registry

import { deflateSync } from 'node:zlib'
import { SerializationError } from '../errors.ts'
import type { RecordHeader } from '../record/producer-record.ts'
import { KEY_SCHEMA_ID_HEADER, VALUE_SCHEMA_ID_HEADER } from '../record/schema-id-headers.ts'
import { isUuid } from '../record/uuid.ts'
import type { SerializedData } from '../serialize/serializer.ts'
import type { SchemaEncoder } from './schema-format.ts'
import type { SchemaId } from './schema-registry.ts'

export interface FramingOptions {
  readonly isKey: boolean
  /** `value.schema.id.serializer`; only for Confluent. Default: `prefix` */
  readonly idIn?: 'prefix' | 'header' | undefined
  /** Only for Glue. Default: `none` */
  readonly compression?: 'none' | 'zlib' | undefined
}

const CONFLUENT_ID = 0
const CONFLUENT_GUID = 1
const GLUE_VERSION = 3
const GLUE_NOT_COMPRESSED = 0
const GLUE_ZLIB = 5

/**
 * @param payload the bytes from the encoder
 * @throws SerializationError `schema-unusable` if the registry returned no GUID, which the header needs
 */
export function frame(
  id: SchemaId,
  payload: Uint8Array,
  message: SchemaEncoder['message'],
  { isKey, idIn = 'prefix', compression = 'none' }: FramingOptions,
): SerializedData {
  if (id.registry === 'glue') return glueFrame(id.versionId, payload, message?.index, compression)
  const indexes = message ? messageIndexes(message.path) : NOTHING
  if (idIn === 'prefix') {
    const prefix = Buffer.alloc(5)
    prefix[0] = CONFLUENT_ID
    prefix.writeUInt32BE(id.id, 1)
    return Buffer.concat([prefix, indexes, payload])
  }
  const header: RecordHeader = [
    isKey ? KEY_SCHEMA_ID_HEADER : VALUE_SCHEMA_ID_HEADER,
    Buffer.concat([Buffer.of(CONFLUENT_GUID), uuidBytes(id.guid), indexes]),
  ]
  return { bytes: Buffer.from(payload), headers: [header] }
}

const NOTHING = Buffer.alloc(0)

function glueFrame(
  versionId: string,
  payload: Uint8Array,
  index: number | undefined,
  compression: 'none' | 'zlib',
): Uint8Array {
  const body = index === undefined ? payload : Buffer.concat([unsignedVarint(index), payload])
  const isCompressed = compression === 'zlib'
  return Buffer.concat([
    Buffer.of(GLUE_VERSION, isCompressed ? GLUE_ZLIB : GLUE_NOT_COMPRESSED),
    uuidBytes(versionId),
    isCompressed ? deflateSync(body) : body,
  ])
}

/** Encodes the number of indexes and each index as zigzag varints; `[0]` is a single byte 0. */
function messageIndexes(path: readonly number[]): Uint8Array {
  if (path.length === 1 && path[0] === 0) return Buffer.of(0)
  return Buffer.concat([path.length, ...path].map(index => unsignedVarint(index * 2)))
}

function unsignedVarint(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

function uuidBytes(uuid: string | undefined): Uint8Array {
  if (isUuid(uuid)) return Buffer.from(uuid.replaceAll('-', ''), 'hex')
  const got = uuid === undefined ? 'none' : 'something else'
  throw new SerializationError('delivery-failure', `schema: expected a UUID (guid) from the registry, got ${got}.`, {
    code: 'schema-unusable',
    retriable: false,
  })
}
