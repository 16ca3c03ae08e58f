// The part of google/protobuf/descriptor.proto that the bytes and the JSON of messages depend on.

export interface FeatureSet {
  fieldPresence?: number
  enumType?: number
  repeatedFieldEncoding?: number
  utf8Validation?: number
  messageEncoding?: number
  jsonFormat?: number
}

export interface Options {
  features?: FeatureSet
  packed?: boolean
  mapEntry?: boolean
  messageSetWireFormat?: boolean
  allowAlias?: boolean
  deprecated?: boolean
}

export interface FieldProto {
  name: string
  number: number
  label: number
  jsonName: string
  /** Undefined until `typeName` is resolved. */
  type?: number
  /** As written in the file; after resolving, the full name with a leading dot. */
  typeName?: string
  extendee?: string
  oneofIndex?: number
  proto3Optional?: boolean
  options?: Options
}

interface Range {
  start: number
  /** Exclusive in a message, inclusive in an enum. */
  end: number
}

export interface MessageProto {
  name: string
  field: FieldProto[]
  extension: FieldProto[]
  nestedType: MessageProto[]
  enumType: EnumProto[]
  extensionRange: Range[]
  oneofDecl: { name: string; options?: Options }[]
  reservedRange: Range[]
  reservedName: string[]
  options?: Options
}

export function emptyMessage(name: string): MessageProto {
  return {
    name,
    field: [],
    extension: [],
    nestedType: [],
    enumType: [],
    extensionRange: [],
    oneofDecl: [],
    reservedRange: [],
    reservedName: [],
  }
}

export interface EnumProto {
  name: string
  value: { name: string; number: number; options?: Options }[]
  reservedRange: Range[]
  reservedName: string[]
  options?: Options
}

export interface FileProto {
  name: string
  package: string
  syntax: 'proto2' | 'proto3' | 'editions'
  edition?: number
  dependency: string[]
  publicDependency: number[]
  messageType: MessageProto[]
  enumType: EnumProto[]
  extension: FieldProto[]
  /** Only the names of services, because records don't use them. */
  service: { name: string }[]
  options?: Options
}

export const LABEL = { optional: 1, required: 2, repeated: 3 } as const
export const TYPE_GROUP = 10
export const TYPE_MESSAGE = 11
export const TYPE_ENUM = 14

export const SCALAR_TYPES: ReadonlyMap<string, number> = new Map([
  ['double', 1],
  ['float', 2],
  ['int64', 3],
  ['uint64', 4],
  ['int32', 5],
  ['fixed64', 6],
  ['fixed32', 7],
  ['bool', 8],
  ['string', 9],
  ['bytes', 12],
  ['uint32', 13],
  ['sfixed32', 15],
  ['sfixed64', 16],
  ['sint32', 17],
  ['sint64', 18],
])

export const EDITIONS: ReadonlyMap<string, number> = new Map([
  ['2023', 1000],
  ['2024', 1001],
])
