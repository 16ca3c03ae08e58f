// Parses the fields of a .proto file: labels, types, maps and groups.

import { unusableSchema } from '../unusable-schema.ts'
import {
  emptyMessage,
  type FieldProto,
  LABEL,
  type MessageProto,
  type Options,
  SCALAR_TYPES,
  TYPE_GROUP,
} from './descriptor-protos.ts'
import { applyOption, readOptionList } from './proto-options.ts'
import { MAX_NAME, type ProtoTokens } from './proto-tokens.ts'

export type Syntax = 'proto2' | 'proto3' | 'editions'

export const MAX_FIELD_NUMBER = 2 ** 29 - 1
/** The range of field numbers that is reserved for Protobuf itself. */
const [FIRST_OWN_NUMBER, LAST_OWN_NUMBER] = [19_000, 19_999]

export function isOwnNumber(number: number): boolean {
  return number >= 1 && number <= MAX_FIELD_NUMBER && !(number >= FIRST_OWN_NUMBER && number <= LAST_OWN_NUMBER)
}

/** Where a field stands. */
export interface FieldPlace {
  readonly syntax: Syntax
  /** Collects the messages that groups and maps declare implicitly. Message indexes don't count them. */
  readonly implied: MessageProto[]
  readonly extendee?: string
  readonly oneofIndex?: number
  /** Reads the body of a group. */
  readBody(name: string): MessageProto
}

/** @returns undefined if there is no label */
function readLabel(tokens: ProtoTokens, { syntax, oneofIndex }: FieldPlace): keyof typeof LABEL | undefined {
  const label = (['optional', 'required', 'repeated'] as const).find(word => tokens.sees(word))
  if (label === undefined) return undefined
  const isAllowed = oneofIndex === undefined && (label === 'repeated' || syntax !== 'editions')
  if (!isAllowed || (label === 'required' && syntax !== 'proto2')) throw tokens.fault('a type')
  tokens.next()
  return label
}

/** Reads a field, or a group with its body. */
export function readField(tokens: ProtoTokens, place: FieldPlace): FieldProto {
  const { syntax, oneofIndex, extendee } = place
  const label = readLabel(tokens, place)
  const type = tokens.dottedName({ mayLead: true })
  if (type === 'map' && tokens.sees('<')) return readMap(tokens, place, label)
  if (label === undefined && syntax === 'proto2' && oneofIndex === undefined) throw tokens.fault('a label before it')
  const typeName = tokens.name()
  const isGroup = type === 'group' && syntax === 'proto2'
  const field = readRest(tokens, isGroup ? typeName.toLowerCase() : typeName)
  if (label) field.label = LABEL[label]
  if (label === 'optional' && syntax === 'proto3') field.proto3Optional = true
  if (oneofIndex !== undefined) field.oneofIndex = oneofIndex
  if (extendee !== undefined) field.extendee = extendee
  if (!isGroup) {
    tokens.expect(';')
    return { ...field, ...typeOf(type) }
  }
  place.implied.push(place.readBody(typeName))
  return { ...field, type: TYPE_GROUP, typeName }
}

function typeOf(name: string): Pick<FieldProto, 'type' | 'typeName'> {
  const type = SCALAR_TYPES.get(name)
  return type === undefined ? { typeName: name } : { type }
}

/** Reads `= number [options]` after the name. */
function readRest(tokens: ProtoTokens, name: string): FieldProto {
  tokens.expect('=')
  const number = tokens.integer(1, MAX_FIELD_NUMBER)
  if (!isOwnNumber(number)) throw tokens.fault('a number that Protobuf does not reserve before it')
  const field: FieldProto = { name, number, label: LABEL.optional, jsonName: jsonNameOf(name) }
  const options: Options = {}
  for (const option of readOptionList(tokens)) {
    if (option.name === 'json_name' && option.value.kind === 'string') field.jsonName = option.value.text
    if (field.jsonName.length > MAX_NAME) throw tokens.fault(`a json_name of at most ${MAX_NAME} characters before it`)
    applyOption(tokens, options, option)
  }
  if (Object.keys(options).length > 0) field.options = options
  return field
}

function readMap(tokens: ProtoTokens, place: FieldPlace, label: string | undefined): FieldProto {
  if (label !== undefined || place.oneofIndex !== undefined || place.extendee !== undefined)
    throw tokens.fault('a map without a label in a message itself')
  tokens.expect('<')
  const key = mapKeyType(tokens.name())
  tokens.expect(',')
  const value = typeOf(tokens.dottedName({ mayLead: true }))
  tokens.expect('>')
  const field = readRest(tokens, tokens.name())
  tokens.expect(';')
  const entry = mapEntry(field, key, value)
  place.implied.push(entry)
  return { ...field, label: LABEL.repeated, typeName: entry.name }
}

function mapEntry({ name }: FieldProto, type: number, value: Pick<FieldProto, 'type' | 'typeName'>): MessageProto {
  return {
    ...emptyMessage(`${upperCamelCase(name)}Entry`),
    field: [
      { name: 'key', number: 1, label: LABEL.optional, jsonName: 'key', type },
      { name: 'value', number: 2, label: LABEL.optional, jsonName: 'value', ...value },
    ],
    options: { mapEntry: true },
  }
}

function mapKeyType(name: string): number {
  const type = SCALAR_TYPES.get(name)
  if (type === undefined || name === 'double' || name === 'float' || name === 'bytes')
    throw unusableSchema('expected keys of maps to be integers, strings or booleans.')
  return type
}

function upperCamelCase(name: string): string {
  return name.replace(/(?:^_*|_+)([a-z])?/g, (_, letter: string | undefined) => letter?.toUpperCase() ?? '')
}

/** Derives the JSON name like protoc: drops each `_` and makes the next letter upper case. */
export function jsonNameOf(name: string): string {
  return name.replace(/_+([a-z])?/g, (_, letter: string | undefined) => letter?.toUpperCase() ?? '')
}

/** Adds a oneof for each `optional` field of proto3, after the message's declared oneofs. */
export function addSyntheticOneofs({ field: fields, oneofDecl }: MessageProto): void {
  const names = new Set([...fields, ...oneofDecl].map(({ name }) => name))
  for (const field of fields) {
    if (!field.proto3Optional) continue
    let name = field.name.startsWith('_') ? field.name : `_${field.name}`
    while (names.has(name)) name = `X${name}`
    names.add(name)
    field.oneofIndex = oneofDecl.push({ name }) - 1
  }
}
