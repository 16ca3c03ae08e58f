// Finds the message type to encode in the descriptors.
import type { DescMessage, Registry } from '@bufbuild/protobuf'
import type { SchemaEncoder } from '../schema-format.ts'
import { unusableSchema } from '../unusable-schema.ts'
import { messagePosition } from './message-position.ts'
import type { ProtobufPackage } from './protobuf-package.ts'

interface MessageType {
  readonly registry: Registry
  readonly type: DescMessage
  readonly position: NonNullable<SchemaEncoder['message']>
}

/**
 * @param descriptors the result of `descriptorsOf`
 * @param name the full name of the message. Default: the file's first one
 * @throws SerializationError `schema-unusable`
 */
export function readMessageType(
  { protobuf, wkt }: ProtobufPackage,
  descriptors: Uint8Array,
  name: string | undefined,
): MessageType {
  const [registry, main] = (() => {
    try {
      const set = protobuf.fromBinary(wkt.FileDescriptorSetSchema, descriptors)
      return [protobuf.createFileRegistry(set), set.file.at(-1)] as const
    } catch (error) {
      throw unusableSchema('expected descriptors that can be read.', error)
    }
  })()
  for (const type of registry) if (type.kind === 'message') checkSupported(type)
  const first = main?.messageType[0]?.name
  const full = name ?? (first === undefined || main?.package === '' ? first : `${main?.package}.${first}`)
  const type = full === undefined ? undefined : registry.getMessage(full)
  const position = main && type && messagePosition(main, type.typeName)
  if (!type || !position)
    throw unusableSchema(`expected it to declare ${full === undefined ? 'a message' : `the message ${full}`}.`)
  return { registry, type, position }
}

/** @throws SerializationError for features that the package encodes differently from other compilers */
function checkSupported({ typeName, fields, proto }: DescMessage): void {
  if (proto.options?.messageSetWireFormat)
    throw unusableSchema(`expected ${typeName} to be without message_set_wire_format.`)
  const byJsonName = new Map(fields.map(field => [field.jsonName, field]))
  if (byJsonName.size < fields.length || fields.some(field => (byJsonName.get(field.name) ?? field) !== field))
    throw unusableSchema(`expected each JSON name in ${typeName} to belong to one field.`)
}
