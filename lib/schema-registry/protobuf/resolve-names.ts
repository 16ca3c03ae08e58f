// Resolves type names of a .proto file to full names, by protoc's scope rules.
// https://protobuf.dev/programming-guides/proto3/#name-resolution

import { unusableSchema } from '../unusable-schema.ts'
import { boundedName, checkEnum, checkUnique, fullName } from './check-names.ts'
import {
  type FieldProto,
  type FileProto,
  type MessageProto,
  TYPE_ENUM,
  TYPE_GROUP,
  TYPE_MESSAGE,
} from './descriptor-protos.ts'
import { MAX_NAME } from './proto-tokens.ts'

/** The part of a file that resolving needs, from a text or a descriptor. */
export interface FileScope {
  readonly name: string
  readonly package: string
  readonly dependency: readonly string[]
  readonly publicDependency: readonly number[]
  readonly messageType: readonly MessageScope[]
  readonly enumType: readonly Named[]
  readonly service: readonly Named[]
}

interface Named {
  readonly name: string
}

interface MessageScope extends Named {
  readonly nestedType: readonly MessageScope[]
  readonly enumType: readonly Named[]
}

/** The most parts of a package name, as in protoc. */
const MAX_PACKAGE_PARTS = 101

type SymbolKind = 'message' | 'enum' | 'service'

/** The symbols of all files so far; each file comes after those that it imports. */
export class ProtoSymbols {
  readonly #files = new Map<string, FileScope>()
  readonly #symbols = new Map<string, { readonly kind: SymbolKind; readonly file: string }>()
  /** The files of each package, including its enclosing packages. */
  readonly #packages = new Map<string, Set<string>>()

  /** @throws SerializationError for a name that is too long or that another file declares too */
  add(file: FileScope): void {
    this.#files.set(file.name, file)
    for (const name of packagesOf(file)) {
      const files = this.#packages.get(name) ?? new Set()
      this.#packages.set(name, files.add(file.name))
    }
    for (const message of file.messageType) this.#addMessage(message, file.package, file.name)
    for (const { name } of file.enumType) this.#add(fullName(file.package, name), 'enum', file.name)
    for (const { name } of file.service) this.#add(fullName(file.package, name), 'service', file.name)
  }

  #addMessage({ name, nestedType, enumType }: MessageScope, scope: string, file: string): void {
    const full = fullName(scope, name)
    this.#add(full, 'message', file)
    for (const nested of nestedType) this.#addMessage(nested, full, file)
    for (const nested of enumType) this.#add(fullName(full, nested.name), 'enum', file)
  }

  #add(name: string, kind: SymbolKind, file: string): void {
    if (this.#symbols.has(boundedName(name))) throw unusableSchema(`expected ${name} to be declared once.`)
    this.#symbols.set(name, { kind, file })
  }

  /** Returns a look-up of the names visible in a file: its own, those of its imports and of their public imports. */
  seenBy(file: FileScope): (name: string) => SymbolKind | 'package' | undefined {
    const seen = new Set([file.name])
    const waiting = [...file.dependency]
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const imported = this.#files.get(path)
      if (!imported || seen.has(path)) continue
      seen.add(path)
      for (const index of imported.publicDependency) waiting.push(imported.dependency[index] ?? '')
    }
    return name => {
      const symbol = this.#symbols.get(name)
      if (symbol && seen.has(symbol.file)) return symbol.kind
      for (const path of this.#packages.get(name) ?? []) if (seen.has(path)) return 'package'
      return undefined
    }
  }
}

/** @throws SerializationError if the package name has too many parts or is too long */
function packagesOf({ package: name }: FileScope): string[] {
  const parts = name.slice(0, MAX_NAME + 1).split('.')
  if (name.length > MAX_NAME || parts.length > MAX_PACKAGE_PARTS)
    throw unusableSchema(`expected a package of at most ${MAX_PACKAGE_PARTS} parts and ${MAX_NAME} characters.`)
  return name === '' ? [] : parts.map((_, index) => parts.slice(0, index + 1).join('.'))
}

interface Resolved {
  readonly name: string
  readonly kind: 'message' | 'enum'
}

/**
 * Resolves the types of all fields and extensions in place.
 * @throws SerializationError for an undeclared type, and for a message with two fields of the same name or number
 */
export function resolveNames(file: FileProto, symbols: ProtoSymbols): void {
  const kindOf = symbols.seenBy(file)
  const resolve = (name: string, scope: string): Resolved => {
    const resolvedName = name.startsWith('.') ? name.slice(1) : inScopes(name, scope, kindOf)
    const kind = resolvedName === undefined ? undefined : kindOf(resolvedName)
    if (resolvedName !== undefined && (kind === 'message' || kind === 'enum')) return { name: `.${resolvedName}`, kind }
    throw unusableSchema(
      `expected the type ${name} that ${scope === '' ? 'the file' : scope} uses to be declared in it or an import.`,
    )
  }
  const resolveField = (field: FieldProto, scope: string, resolvedTypes: Map<string, Resolved>): void => {
    const resolveOnce = (name: string): Resolved => {
      const resolved = resolvedTypes.get(name) ?? resolve(name, scope)
      resolvedTypes.set(name, resolved)
      return resolved
    }
    if (field.extendee !== undefined) field.extendee = resolveOnce(field.extendee).name
    if (field.typeName === undefined) return
    const { name, kind } = resolveOnce(field.typeName)
    field.typeName = name
    if (field.type !== TYPE_GROUP) field.type = kind === 'enum' ? TYPE_ENUM : TYPE_MESSAGE
  }
  const resolveMessage = (message: MessageProto, outer: string): void => {
    const scope = fullName(outer, message.name)
    checkUnique(message, scope)
    const resolvedTypes = new Map<string, Resolved>()
    for (const field of [...message.field, ...message.extension]) resolveField(field, scope, resolvedTypes)
    for (const nested of message.nestedType) resolveMessage(nested, scope)
    for (const nested of message.enumType) checkEnum(nested, scope)
  }
  for (const message of file.messageType) resolveMessage(message, file.package)
  const resolvedTypes = new Map<string, Resolved>()
  for (const extension of file.extension) resolveField(extension, file.package, resolvedTypes)
  for (const type of file.enumType) checkEnum(type, file.package)
}

/** Searches from the innermost scope outwards. As in protoc, the first scope that has the name's first part decides. */
function inScopes(name: string, scope: string, kindOf: (name: string) => string | undefined): string | undefined {
  const first = name.split('.', 1)[0] ?? ''
  for (let outer = scope; ; outer = outer.slice(0, Math.max(0, outer.lastIndexOf('.')))) {
    const kind = kindOf(fullName(outer, first))
    if (first !== name ? kind !== undefined : kind === 'message' || kind === 'enum') return fullName(outer, name)
    if (outer === '') return undefined
  }
}
