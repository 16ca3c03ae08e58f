// A FileDescriptorProto in base64, as Python's serializer registers it → the same with what a .proto text says.
import type { DescriptorProto, FieldDescriptorProto, FileDescriptorProto } from '@bufbuild/protobuf/wkt'
import { unusableSchema } from '../unusable-schema.ts'
import { boundedName, checkEnum, checkUnique, fullName } from './check-names.ts'
import { isOwnNumber, jsonNameOf } from './proto-fields.ts'
import { MAX_NAME } from './proto-tokens.ts'
import type { ProtobufPackage } from './protobuf-package.ts'

const NAME = /^[A-Za-z_]\w*$/

/** @throws SerializationError `schema-unusable` for what a .proto text could not say */
export function readDescriptor(protobufPackage: ProtobufPackage, text: string): FileDescriptorProto {
  return new DescriptorReader(protobufPackage).read(text)
}

class DescriptorReader {
  readonly #package: ProtobufPackage

  constructor(protobufPackage: ProtobufPackage) {
    this.#package = protobufPackage
  }

  read(text: string): FileDescriptorProto {
    const file = this.#deserialized(text)
    boundedName(file.package)
    for (const message of file.messageType) this.#readMessage(message, file.package)
    for (const extension of file.extension) this.#readField(extension, file.package)
    for (const type of file.enumType) checkEnum(type, file.package)
    return file
  }

  #deserialized(text: string): FileDescriptorProto {
    const { protobuf, wkt } = this.#package
    try {
      return protobuf.fromBinary(wkt.FileDescriptorProtoSchema, Buffer.from(text, 'base64'))
    } catch (error) {
      throw unusableSchema('expected a .proto file, or a descriptor in base64.', error)
    }
  }

  #readMessage(message: DescriptorProto, outer: string): void {
    const scope = boundedName(fullName(outer, message.name))
    for (const field of [...message.field, ...message.extension]) this.#readField(field, scope)
    checkUnique(message, scope)
    for (const nested of message.nestedType) this.#readMessage(nested, scope)
    for (const nested of message.enumType) checkEnum(nested, scope)
  }

  #readField(field: FieldDescriptorProto, scope: string): void {
    const { protobuf, wkt } = this.#package
    const { name, jsonName, number } = field
    const hasName = NAME.test(name) && Math.max(name.length, jsonName.length) <= MAX_NAME
    // A type that nobody knows is not set.
    const hasType = protobuf.isFieldSet(field, wkt.FieldDescriptorProtoSchema.field.type)
    if (!hasName || !hasType || !isOwnNumber(number))
      throw unusableSchema(`expected fields of ${scope} with a name, a type and a number that a .proto file can have.`)
    // What protoc writes into Python's modules has none.
    if (jsonName === '') field.jsonName = jsonNameOf(name)
  }
}
