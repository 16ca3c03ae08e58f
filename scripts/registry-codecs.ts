// Writes code for the codecs whose schemas are in a registry, for build/contracts.js. Each codec loads only its own
// format and registry; a codec with a pinned schema loads neither a registry client nor a schema compiler.
import { writeFileSync } from 'node:fs'
import standaloneModule from 'ajv/dist/standalone/index.js'
import { loadAjv } from '../lib/contracts/create-ajv.ts'
import { compileWithImports, refuseRiskyPatterns } from '../lib/schema-registry/json-schema/json-schema-format.ts'
import { readJsonSchema } from '../lib/schema-registry/json-schema/read-json-schema.ts'
import { registryAjv } from '../lib/schema-registry/json-schema/registry-ajv.ts'
import { descriptorsOf } from '../lib/schema-registry/protobuf/descriptors-of.ts'
import type { RegistryCodec } from '../lib/schema-registry/registry-codec.ts'
import type { RegistryFormatName, RegistryName } from '../lib/schema-registry/registry-codec-options.ts'
import type { RegisteredSchema } from '../lib/schema-registry/schema-registry.ts'

const standaloneCode = standaloneModule as unknown as (ajv: unknown, validate: unknown) => string

/** Where the code is written, and how it imports the library. */
export interface CodeFolder {
  readonly outdir: string
  /** The path from `outdir` to the library, with a slash at the end. */
  readonly lib: string
}

const LOAD_FORMAT: Readonly<Record<RegistryFormatName, readonly [file: string, name: string]>> = {
  avro: ['avro/avro-format.ts', 'avroFormat'],
  protobuf: ['protobuf/protobuf-format.ts', 'protobufFormat'],
  'json-schema': ['json-schema/json-schema-format.ts', 'jsonSchemaFormat'],
}

const OPEN: Readonly<Record<RegistryName, readonly [file: string, name: string]>> = {
  confluent: ['confluent/create-confluent-registry.ts', 'createConfluentRegistry'],
  glue: ['glue/glue-registry.ts', 'createGlueRegistry'],
}

export class RegistryCodecs {
  readonly #folder: CodeFolder
  /** Lines that the module needs before its contracts, each once. */
  readonly #lines = new Set<string>()
  readonly #explainers: string[] = []

  constructor(folder: CodeFolder) {
    this.#folder = folder
  }

  get lines(): readonly string[] {
    return [...this.#lines]
  }

  /** Exports of the module that lists all violations of an invalid value. */
  get explainers(): readonly string[] {
    return this.#explainers
  }

  /**
   * Returns the code of a codec.
   * @param pinned the schema that the build has loaded
   */
  async codeOf({ options }: RegistryCodec, pinned: RegisteredSchema | undefined): Promise<string> {
    this.#import('RegistryCodec', 'registry-codec.ts')
    const parts = pinned ? await this.#pinnedParts(pinned, options.message) : this.#parts(options)
    // The pinned schema replaces the version.
    const { version, ...others } = options
    const kept = pinned && typeof version === 'object' ? { ...others, version: undefined } : options
    return `new RegistryCodec(${JSON.stringify(kept)}, ${parts})`
  }

  #parts({ format, registry }: RegistryCodec['options']): string {
    const [formatFile, formatName] = LOAD_FORMAT[format]
    const [clientFile, create] = OPEN[registry]
    const load = `load_${formatName}`
    const open = `open_${registry}`
    this.#lines.add(`const ${load} = async () => (await import(${this.#file(formatFile)})).${formatName}`)
    this.#lines.add(`const ${open} = async config => (await import(${this.#file(clientFile)})).${create}(config)`)
    return `{ loadFormat: ${load}, open: ${open} }`
  }

  async #pinnedParts(schema: RegisteredSchema, message: string | undefined): Promise<string> {
    return `{ pinned: { id: ${JSON.stringify(schema.id)}, load: ${await this.#loader(schema, message)} } }`
  }

  async #loader(schema: RegisteredSchema, message: string | undefined): Promise<string> {
    if (schema.type === 'JSON') return this.#validator(schema)
    if (schema.type === 'PROTOBUF') return this.#descriptors(schema, message)
    const [file, name] = LOAD_FORMAT.avro
    const { id, version, type, text, references, imports } = schema
    const fields = JSON.stringify({ id, version, type, text, references })
    const registered = `{ ...${fields}, imports: new Map(${JSON.stringify([...imports])}) }`
    return `async () => (await import(${this.#file(file)})).${name}.compile(${registered})`
  }

  async #validator(schema: RegisteredSchema): Promise<string> {
    const source = readJsonSchema(schema)
    await refuseRiskyPatterns(source)
    const create = await loadAjv(source.dialect)
    const index = this.#explainers.length
    for (const [name, allErrors] of [
      ['validator', false],
      ['explainer', true],
    ] as const) {
      const ajv = registryAjv(create, allErrors, { asSource: true })
      const code = standaloneCode(ajv, compileWithImports(ajv, source))
      writeFileSync(`${this.#folder.outdir}/registry-${name}-${index}.js`, code)
    }
    this.#explainers.push(`export { validate as r${index} } from './registry-explainer-${index}.js'`)
    this.#import('jsonSchemaEncoder', 'json-schema/json-schema-encoder.ts')
    this.#lines.add(`import { validate as r${index} } from './registry-validator-${index}.js'`)
    return `() => jsonSchemaEncoder(schemaCheck(r${index}, () => explainers().r${index}))`
  }

  async #descriptors(schema: RegisteredSchema, message: string | undefined): Promise<string> {
    const descriptors = Buffer.from(await descriptorsOf(schema)).toString('base64')
    const encoder = `(await import(${this.#file('protobuf/protobuf-encoder.ts')})).createProtobufEncoder`
    return `async () => ${encoder}(Buffer.from('${descriptors}', 'base64'), ${JSON.stringify(message)})`
  }

  #import(name: string, file: string): void {
    this.#lines.add(`import { ${name} } from ${this.#file(file)}`)
  }

  #file(file: string): string {
    return JSON.stringify(`${this.#folder.lib}schema-registry/${file}`)
  }
}
