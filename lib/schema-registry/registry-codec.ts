// A contract codec that encodes values and keys with a schema of a registry. Everything that needs no registry is
// checked first; once the schema is cached, bytes are returned synchronously.

import { refuseSchemaIdsOf } from '../contracts/refuse-schema-ids.ts'
import { errorName, InvalidRecordError, isInstance, SerializationError } from '../errors.ts'
import type { JsonShape } from '../record/json-outline.ts'
import type { JsonText } from '../record/json-text.ts'
import { readJsonValue, refuseFaults } from '../serialize/read-json-value.ts'
import type { SerializedData } from '../serialize/serializer.ts'
import { snapshot } from '../serialize/snapshot.ts'
import type { CodecContext, RegistryUse, ValueCodec, ValueSource } from '../serialize/value-codec.ts'
import { ReadySchemas } from './ready-schemas.ts'
import { type RegistryCodecOptions, type RegistryCodecParts, SCHEMA_TYPES } from './registry-codec-options.ts'
import type { SchemaEncoder } from './schema-format.ts'
import type { SchemaDefinition, SchemaId, SchemaSelection } from './schema-registry.ts'
import { type FramingOptions, frame } from './wire-format.ts'

/** A compiled schema with its encoder and framing. */
export interface ReadySchema {
  readonly id: SchemaId
  readonly encoder: SchemaEncoder
}

export class RegistryCodec implements ValueCodec {
  readonly format: string
  readonly isJson = true
  readonly keepsText = false
  readonly keepsBytes = false
  readonly serializers = []
  readonly shape: JsonShape = { uniqueNames: true, isDepthRoot: true }
  readonly uses: RegistryUse
  readonly options: RegistryCodecOptions
  readonly #definition: SchemaDefinition | undefined
  readonly #schemas: ReadySchemas

  constructor(options: RegistryCodecOptions, parts: RegistryCodecParts) {
    const { format, registry, subject, version = 'latest', autoRegister = false } = options
    this.format = format
    this.options = options
    this.uses = {
      registry,
      subject,
      version: typeof version === 'object' ? 'definition' : version,
      autoRegister,
      isPinned: parts.pinned !== undefined,
    }
    if (typeof version === 'object')
      this.#definition = { type: SCHEMA_TYPES[format], text: version.schema, references: version.references ?? [] }
    this.#schemas = new ReadySchemas(parts, options.message)
  }

  fromText(text: JsonText): JsonText {
    return text
  }

  /** Parses text or bytes as JSON; any other value is returned unchanged. */
  read(value: unknown): unknown {
    return readJsonValue(value, this.shape)
  }

  check(content: unknown): void {
    refuseFaults(content)
  }

  encode({ content }: ValueSource, context: CodecContext): SerializedData | Promise<SerializedData> {
    // Checked here too, because stage 3 does not see a registry codec that is wrapped in a caller's codec.
    refuseSchemaIdsOf(context)
    const subject = this.options.subject ?? defaultSubject(this.options, context)
    const schema = this.#schemas.get(subject, context.config)
    if (schema) return this.#framed(schema, content, context)
    const contentCopy = snapshot(content)
    const schemaPromise = this.#schemas.find(this.selection(context), context)
    return schemaPromise.then(ready => this.#framed(ready, contentCopy, context))
  }

  async findSchema(context: CodecContext): Promise<void> {
    const selection = this.selection(context)
    const toFind = selection.by === 'definition' ? { ...selection, register: false } : selection
    const { id } = await this.#schemas.find(toFind, context)
    this.checkId(id, context)
  }

  /** @throws SerializationError `schema-unusable` if records can't carry this schema's id */
  checkId(id: SchemaId, context: Pick<CodecContext, 'isKey' | 'config'>): void {
    frame(id, new Uint8Array(), undefined, this.#framing(context))
  }

  /** Builds the selection that is looked up in the registry. */
  selection({ topic, isKey, config }: Pick<CodecContext, 'topic' | 'isKey' | 'config'>): SchemaSelection {
    const { version = 'latest', autoRegister = false, normalize = config?.normalizeSchemas ?? false } = this.options
    const subject = this.options.subject ?? defaultSubject(this.options, { topic, isKey })
    if (typeof version !== 'object') return { by: 'version', subject, version }
    const definition = this.#definition as SchemaDefinition
    return { by: 'definition', subject, definition, register: autoRegister, normalize }
  }

  #framed({ id, encoder }: ReadySchema, content: unknown, context: CodecContext): SerializedData {
    const payload = encoded(encoder, content)
    return frame(id, payload, encoder.message, this.#framing(context))
  }

  #framing({ isKey, config }: Pick<CodecContext, 'isKey' | 'config'>): FramingOptions {
    const { schemaIdIn, compression } = this.options
    const idIn = schemaIdIn ?? (isKey ? config?.keySchemaIdSerializer : config?.valueSchemaIdSerializer)
    return { isKey, idIn, compression: compression ?? config?.glueCompression }
  }
}

/** Confluent's TopicNameStrategy; AWS's serializer uses the topic's name. */
export function defaultSubject(
  { registry }: Pick<RegistryCodecOptions, 'registry'>,
  { topic, isKey }: { readonly topic: string; readonly isKey: boolean },
): string {
  return registry === 'glue' ? topic : `${topic}-${isKey ? 'key' : 'value'}`
}

/** Any other error, e.g. for a value nested too deeply for the stack, means that the value is invalid. */
function encoded(encoder: SchemaEncoder, content: unknown): Uint8Array {
  try {
    return encoder.encode(content)
  } catch (cause) {
    if (isInstance(cause, SerializationError) || isInstance(cause, InvalidRecordError)) throw cause
    throw new SerializationError(
      'invalid-record',
      `expected a value that its schema can encode, got one for which the encoder threw an error (${errorName(cause)})`,
      { code: 'schema', cause },
    )
  }
}
