// The common part of all registry serializers. Once the schema of a subject is cached, bytes are returned
// synchronously.
import type { ProducerConfig } from '../config/settings.ts'
import { refuseSchemaIdsOf } from '../contracts/refuse-schema-ids.ts'
import type { SerializedData, SerializerContext } from '../serialize/serializer.ts'
import { snapshot } from '../serialize/snapshot.ts'
import { ReadySchemas } from './ready-schemas.ts'
import type { ReadySchema } from './registry-codec.ts'
import type { RegistryCodecParts } from './registry-codec-options.ts'
import type { SchemaSelection } from './schema-registry.ts'
import { type FramingOptions, frame } from './wire-format.ts'

export interface RegistrySerializerOptions {
  readonly config: ProducerConfig
  readonly parts: RegistryCodecParts
  readonly message: string | undefined
  subjectOf(topic: string, isKey: boolean): string
  selectionOf(subject: string): SchemaSelection
  framingOf(isKey: boolean): FramingOptions
}

export class RegistrySerializer {
  readonly #options: RegistrySerializerOptions
  readonly #schemas: ReadySchemas

  constructor(options: RegistrySerializerOptions) {
    this.#options = options
    this.#schemas = new ReadySchemas(options.parts, options.message)
  }

  /** @throws SerializationError; the promise rejects with one */
  serialize(data: unknown, context: SerializerContext): SerializedData | Promise<SerializedData> {
    refuseSchemaIdsOf(context)
    const { config, subjectOf, selectionOf } = this.#options
    const subject = subjectOf(context.topic, context.isKey)
    const ready = this.#schemas.get(subject, config)
    if (ready) return this.#framed(ready, data, context.isKey)
    const dataCopy = snapshot(data)
    return this.#schemas
      .find(selectionOf(subject), { ...context, config })
      .then(found => this.#framed(found, dataCopy, context.isKey))
  }

  #framed({ id, encoder }: ReadySchema, data: unknown, isKey: boolean): SerializedData {
    return frame(id, encoder.encode(data), encoder.message, this.#options.framingOf(isKey))
  }
}
