// A codec of contracts that encodes values and keys by a schema of a registry. What needs no registry is checked
// before; once the schema is here, bytes are returned at once.

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

/** What values of a schema are written by. */
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

  /** Text or bytes as the JSON that they hold; a program's own value as it is. */
  read(value: unknown): unknown {
    return readJsonValue(value, this.shape)
  }

  check(content: unknown): void {
    refuseFaults(content)
  }

  encode({ content }: ValueSource, context: CodecContext): SerializedData | Promise<SerializedData> {
    // Stage 3 does not know of a codec that is within one of a program's own.
    refuseSchemaIdsOf(context)
    const subject = this.options.subject ?? defaultSubject(this.options, context)
    const schema = this.#schemas.get(subject, context.config)
    if (schema) return this.#framed(schema, content, context)
    const taken = snapshot(content)
    const found = this.#schemas.find(this.selection(context), context)
    return found.then(ready => this.#framed(ready, taken, context))
  }

  async findSchema(context: CodecContext): Promise<void> {
    const selection = this.selection(context)
    const toFind = selection.by === 'definition' ? { ...selection, register: false } : selection
    const { id } = await this.#schemas.find(toFind, context)
    this.checkId(id, context)
  }

  /** @throws SerializationError `schema-unusable` where records can't say that they are of this schema */
  checkId(id: SchemaId, context: Pick<CodecContext, 'isKey' | 'config'>): void {
    frame(id, new Uint8Array(), undefined, this.#framing(context))
  }

  /** What the registry is asked for. */
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

/** Confluent's TopicNameStrategy; AWS's serializer takes the topic's name. */
export function defaultSubject(
  { registry }: Pick<RegistryCodecOptions, 'registry'>,
  { topic, isKey }: { readonly topic: string; readonly isKey: boolean },
): string {
  return registry === 'glue' ? topic : `${topic}-${isKey ? 'key' : 'value'}`
}

/** What is thrown for another reason, such as a value nested too deeply for the stack, is about the value. */
function encoded(encoder: SchemaEncoder, content: unknown): Uint8Array {
  try {
    return encoder.encode(content)
  } catch (cause) {
    if (isInstance(cause, SerializationError) || isInstance(cause, InvalidRecordError)) throw cause
    throw new SerializationError(
      'invalid-record',
      `expected a value that its schema can write, got one for which the encoder threw an error (${errorName(cause)})`,
      { code: 'schema', cause },
    )
  }
}
