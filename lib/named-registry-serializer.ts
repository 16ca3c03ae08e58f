// The serializers of schema registries that settings name. What they need is imported with the first record, so that
// no start of a function reads it.
import type { RegistrySerializerName } from './config/class-names.ts'
import type { ProducerConfig } from './config/settings.ts'
import { ConfigError, errorName, isInstance, SerializationError } from './errors.ts'
import type { SerializedData, Serializer, SerializerContext } from './serialize/serializer.ts'
import { snapshot } from './serialize/snapshot.ts'

export class NamedRegistrySerializer implements Serializer {
  readonly #name: RegistrySerializerName
  readonly #config: ProducerConfig
  #loading: Promise<Serializer> | undefined
  #serializer: Serializer | undefined

  /** @param config says where the registry is, and by which schema records are written */
  constructor(name: RegistrySerializerName, config: ProducerConfig) {
    this.#name = name
    this.#config = config
  }

  serialize(data: unknown, context: SerializerContext): SerializedData | Promise<SerializedData> {
    if (this.#serializer) return this.#serializer.serialize(data, context)
    const taken = snapshot(data)
    this.#loading ??= this.#load().catch(error => {
      this.#loading = undefined
      throw notLoaded(error)
    })
    return this.#loading.then(serializer => serializer.serialize(taken, context))
  }

  async #load(): Promise<Serializer> {
    const { createRegistrySerializer } = await import('./schema-registry/load-serializer.ts')
    this.#serializer = createRegistrySerializer(this.#name, this.#config)
    return this.#serializer
  }
}

/** The record is right: a setting is wrong, whose value no ConfigError says, or code can't be loaded. */
function notLoaded(cause: unknown): SerializationError {
  const why = isInstance(cause, ConfigError)
    ? cause.problems.join(' ')
    : `its code can't be loaded (${errorName(cause)})`
  return new SerializationError('delivery-failure', why, { code: 'schema-registry', cause })
}
