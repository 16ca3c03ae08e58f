// Converts a registered schema to the descriptors of its file and of all files that it imports.
import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt'
import type { RegisteredSchema } from '../schema-registry.ts'
import { unusableSchema } from '../unusable-schema.ts'
import { parseProto } from './proto-parser.ts'
import { loadProtobuf, type ProtobufPackage } from './protobuf-package.ts'
import { readDescriptor } from './read-descriptor.ts'
import { ProtoSymbols, resolveNames } from './resolve-names.ts'
import { WELL_KNOWN_FILES } from './well-known-files.ts'

/** The most files; more would be a mistake, or an attack by the registry. */
const MAX_FILES = 1000
/** The most characters of an import's name in a message. */
const MAX_NAME = 100
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * Returns a serialized `google.protobuf.FileDescriptorSet`: each file after those that it imports, the schema's own
 * file last. Accepts the text of a .proto file, or its FileDescriptorProto in base64, which Python's serializer
 * registers. Well-known files (google/protobuf/, google/type/, confluent/) need no reference.
 *
 * The messages of map entries and groups come last among nested messages, so that the others are numbered in the order
 * of the text. Options that change neither bytes nor JSON, default values and services are left out.
 * @throws SerializationError `schema-unusable`, by rejection
 */
export async function descriptorsOf(schema: Pick<RegisteredSchema, 'text' | 'imports'>): Promise<Uint8Array> {
  return new DescriptorBuilder(await loadProtobuf(), schema.imports).build(schema.text)
}

class DescriptorBuilder {
  readonly #package: ProtobufPackage
  readonly #imports: ReadonlyMap<string, string>
  readonly #wellKnown: ReadonlyMap<string, FileDescriptorProto>
  readonly #symbols = new ProtoSymbols()
  /** Files by path; undefined while one is being read. */
  readonly #files = new Map<string, FileDescriptorProto | undefined>()
  /** The files in the order of the set. */
  readonly #done: FileDescriptorProto[] = []

  constructor(protobufPackage: ProtobufPackage, imports: ReadonlyMap<string, string>) {
    this.#package = protobufPackage
    this.#imports = imports
    const files = Object.values(protobufPackage.wkt).filter(value => typeof value === 'object' && 'proto' in value)
    this.#wellKnown = new Map(files.flatMap(({ kind, proto }) => (kind === 'file' ? [[proto.name, proto]] : [])))
  }

  build(text: string): Uint8Array {
    const { protobuf, wkt } = this.#package
    let name = 'schema.proto'
    while (this.#imports.has(name)) name = `_${name}`
    this.#addText(name, text)
    const set = protobuf.create(wkt.FileDescriptorSetSchema, { file: this.#done })
    return protobuf.toBinary(wkt.FileDescriptorSetSchema, set)
  }

  #addImport(path: string): void {
    if (this.#files.has(path)) {
      if (this.#files.get(path) === undefined) throw unusableSchema('expected imports without a cycle.')
      return
    }
    if (this.#files.size > MAX_FILES) throw unusableSchema(`expected at most ${MAX_FILES} imports.`)
    const text = this.#imports.get(path) ?? WELL_KNOWN_FILES.get(path)
    if (text !== undefined) return this.#addText(path, text)
    const file = this.#wellKnown.get(path)
    if (!file)
      throw unusableSchema(
        `expected a reference with the name of the import ${JSON.stringify(path.slice(0, MAX_NAME))}.`,
      )
    this.#addFile(path, file)
  }

  #addText(path: string, text: string): void {
    this.#files.set(path, undefined)
    if (BASE64.test(text.trim())) {
      const file = readDescriptor(this.#package, text)
      file.name = path
      return this.#addFile(path, file)
    }
    const { protobuf, wkt } = this.#package
    const file = parseProto(text, path)
    for (const dependency of file.dependency) this.#addImport(dependency)
    this.#symbols.add(file)
    resolveNames(file, this.#symbols)
    this.#finish(path, protobuf.create(wkt.FileDescriptorProtoSchema, file))
  }

  /** @param file the file, with resolved names */
  #addFile(path: string, file: FileDescriptorProto): void {
    for (const dependency of file.dependency) this.#addImport(dependency)
    this.#symbols.add(file)
    this.#finish(path, file)
  }

  #finish(path: string, file: FileDescriptorProto): void {
    this.#files.set(path, file)
    this.#done.push(file)
  }
}
