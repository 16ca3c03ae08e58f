// Parses .proto text to the same descriptor as protoc, with names as they are written.
// https://protobuf.dev/reference/protobuf/edition-2023-spec/

import { unusableSchema } from '../unusable-schema.ts'
import {
  EDITIONS,
  type EnumProto,
  emptyMessage,
  type FieldProto,
  type FileProto,
  type MessageProto,
} from './descriptor-protos.ts'
import { addSyntheticOneofs, type FieldPlace, MAX_FIELD_NUMBER, readField, type Syntax } from './proto-fields.ts'
import { applyOption, readOptionList, readOptionStatement } from './proto-options.ts'
import { ProtoTokens } from './proto-tokens.ts'

/** The deepest nesting of messages, as in protoc. */
const MAX_NESTING = 32
const [MIN_INT32, MAX_INT32] = [-(2 ** 31), 2 ** 31 - 1]
const EDITION_WITH_VISIBILITY = 1001

/** @throws SerializationError `schema-unusable` with the line */
export function parseProto(text: string, name: string): FileProto {
  return new ProtoParser(text, name).parse()
}

class ProtoParser {
  readonly #tokens: ProtoTokens
  readonly #file: FileProto
  /** Messages of groups in extensions at the top level of the file. */
  readonly #implied: MessageProto[] = []

  constructor(text: string, name: string) {
    this.#tokens = new ProtoTokens(text)
    this.#file = {
      name,
      package: '',
      syntax: 'proto2',
      dependency: [],
      publicDependency: [],
      messageType: [],
      enumType: [],
      extension: [],
      service: [],
      options: {},
    }
  }

  parse(): FileProto {
    this.#readSyntax()
    while (this.#tokens.peeked.kind !== 'end') this.#readFileStatement()
    this.#file.messageType.push(...this.#implied)
    return this.#file
  }

  get #syntax(): Syntax {
    return this.#file.syntax
  }

  #readSyntax(): void {
    const word = this.#tokens.sees('syntax') ? 'syntax' : 'edition'
    if (!this.#tokens.takes(word)) return
    this.#tokens.expect('=')
    const version = this.#tokens.string()
    this.#tokens.expect(';')
    const edition = EDITIONS.get(version)
    if (word === 'edition' && edition !== undefined) Object.assign(this.#file, { syntax: 'editions', edition })
    else if (word === 'syntax' && (version === 'proto2' || version === 'proto3')) this.#file.syntax = version
    else throw unusableSchema(`expected syntax proto2 or proto3, or edition ${[...EDITIONS.keys()].join(' or ')}.`)
  }

  #readFileStatement(): void {
    const tokens = this.#tokens
    const file = this.#file
    if (tokens.takes(';')) return
    if (tokens.takes('import')) return this.#readImport()
    if (tokens.takes('option')) return readOptionStatement(tokens, file)
    if (tokens.takes('service')) return this.#readService()
    if (tokens.takes('extend')) return this.#readExtend(file.extension, this.#implied, 1)
    if (tokens.takes('package')) {
      if (file.package !== '') throw tokens.fault('one package')
      file.package = tokens.dottedName()
      return tokens.expect(';')
    }
    this.#takeVisibility()
    if (tokens.takes('message')) file.messageType.push(this.#readMessage(tokens.name(), 1))
    else if (tokens.takes('enum')) file.enumType.push(this.#readEnum())
    else throw tokens.fault('a statement')
  }

  #takeVisibility(): void {
    if ((this.#file.edition ?? 0) < EDITION_WITH_VISIBILITY) return
    if (!this.#tokens.takes('export')) this.#tokens.takes('local')
  }

  #readImport(): void {
    const tokens = this.#tokens
    const { dependency, publicDependency } = this.#file
    const isOption = tokens.takes('option')
    const isPublic = !isOption && tokens.takes('public')
    if (!isOption && !isPublic) tokens.takes('weak')
    const path = tokens.string()
    tokens.expect(';')
    // Such an import only declares options, which are not needed.
    if (isOption) return
    if (isPublic) publicDependency.push(dependency.length)
    dependency.push(path)
  }

  /** Reads over a service: records don't use it, but its name is in scope. */
  #readService(): void {
    const tokens = this.#tokens
    this.#file.service.push({ name: tokens.name() })
    tokens.expect('{')
    for (let depth = 1; depth > 0; ) {
      const { kind, text } = tokens.next()
      if (kind === 'end') throw tokens.fault('"}"')
      if (kind === 'symbol') depth += text === '{' ? 1 : text === '}' ? -1 : 0
    }
  }

  #readMessage(name: string, depth: number): MessageProto {
    const tokens = this.#tokens
    if (depth > MAX_NESTING) throw unusableSchema(`expected messages to be nested at most ${MAX_NESTING} deep.`)
    const message = emptyMessage(name)
    const implied: MessageProto[] = []
    tokens.expect('{')
    while (!tokens.takes('}')) this.#readMessageStatement(message, implied, depth)
    message.nestedType.push(...implied)
    addSyntheticOneofs(message)
    return message
  }

  #readMessageStatement(message: MessageProto, implied: MessageProto[], depth: number): void {
    const tokens = this.#tokens
    if (tokens.takes(';')) return
    if (tokens.takes('option')) return readOptionStatement(tokens, message)
    if (tokens.takes('oneof')) return this.#readOneof(message, implied, depth)
    if (tokens.takes('extend')) return this.#readExtend(message.extension, implied, depth)
    if (tokens.takes('extensions')) return this.#readExtensions(message)
    if (tokens.takes('reserved')) return this.#readReserved(message, [1, MAX_FIELD_NUMBER], 1)
    this.#takeVisibility()
    if (tokens.takes('message')) message.nestedType.push(this.#readMessage(tokens.name(), depth + 1))
    else if (tokens.takes('enum')) message.enumType.push(this.#readEnum())
    else message.field.push(readField(tokens, this.#place(implied, depth)))
  }

  #place(implied: MessageProto[], depth: number): FieldPlace {
    return { syntax: this.#syntax, implied, readBody: name => this.#readMessage(name, depth + 1) }
  }

  #readOneof(message: MessageProto, implied: MessageProto[], depth: number): void {
    const tokens = this.#tokens
    const oneof: MessageProto['oneofDecl'][number] = { name: tokens.name() }
    const oneofIndex = message.oneofDecl.push(oneof) - 1
    tokens.expect('{')
    while (!tokens.takes('}')) {
      if (tokens.takes(';')) continue
      if (tokens.takes('option')) readOptionStatement(tokens, oneof)
      else message.field.push(readField(tokens, { ...this.#place(implied, depth), oneofIndex }))
    }
  }

  #readExtend(extensions: FieldProto[], implied: MessageProto[], depth: number): void {
    const tokens = this.#tokens
    const extendee = tokens.dottedName({ mayLead: true })
    tokens.expect('{')
    while (!tokens.takes('}'))
      if (!tokens.takes(';')) extensions.push(readField(tokens, { ...this.#place(implied, depth), extendee }))
  }

  #readExtensions({ extensionRange }: MessageProto): void {
    do extensionRange.push(this.#readRange([1, MAX_FIELD_NUMBER], 1))
    while (this.#tokens.takes(','))
    readOptionList(this.#tokens)
    this.#tokens.expect(';')
  }

  #readReserved(
    { reservedRange, reservedName }: MessageProto | EnumProto,
    bounds: readonly [number, number],
    beyond: 0 | 1,
  ): void {
    const tokens = this.#tokens
    do {
      if (tokens.peeked.kind === 'string') reservedName.push(tokens.string())
      else if (tokens.peeked.kind === 'name') reservedName.push(tokens.name())
      else reservedRange.push(this.#readRange(bounds, beyond))
    } while (tokens.takes(','))
    tokens.expect(';')
  }

  /** @param beyond 1 if the end is exclusive */
  #readRange([min, max]: readonly [number, number], beyond: 0 | 1): { start: number; end: number } {
    const start = this.#tokens.integer(min, max)
    if (!this.#tokens.takes('to')) return { start, end: start + beyond }
    const end = this.#tokens.takes('max') ? max : this.#tokens.integer(start, max)
    return { start, end: end + beyond }
  }

  #readEnum(): EnumProto {
    const tokens = this.#tokens
    const result: EnumProto = { name: tokens.name(), value: [], reservedRange: [], reservedName: [] }
    tokens.expect('{')
    while (!tokens.takes('}')) {
      if (tokens.takes(';')) continue
      if (tokens.takes('option')) readOptionStatement(tokens, result)
      else if (tokens.takes('reserved')) this.#readReserved(result, [MIN_INT32, MAX_INT32], 0)
      else result.value.push(this.#readEnumValue())
    }
    if (result.value.length === 0) throw tokens.fault('a value of the enum before it')
    return result
  }

  #readEnumValue(): EnumProto['value'][number] {
    const tokens = this.#tokens
    const name = tokens.name()
    tokens.expect('=')
    const value: EnumProto['value'][number] = { name, number: tokens.integer(MIN_INT32, MAX_INT32) }
    const options = {}
    for (const option of readOptionList(tokens)) applyOption(tokens, options, option)
    tokens.expect(';')
    return Object.keys(options).length > 0 ? { ...value, options } : value
  }
}
