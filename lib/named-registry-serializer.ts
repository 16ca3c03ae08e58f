// The serializers of schema registries that settings name by their class. They load their code with the first record,
// so that it does not slow down the start of a function.
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

  /** @param config says where the registry is, and which schema records are written with */
  constructor(name: RegistrySerializerName, config: ProducerConfig) {
    this.#name = name
    this.#config = config
  }

  serialize(data: unknown, context: SerializerContext): SerializedData | Promise<SerializedData> {
    if (this.#serializer) return this.#serializer.serialize(data, context)
    const copy = snapshot(data)
    this.#loading ??= this.#load().catch(error => {
      this.#loading = undefined
      throw notLoaded(error)
    })
    return this.#loading.then(serializer => serializer.serialize(copy, context))
  }

  async #load(): Promise<Serializer> {
    const { createRegistrySerializer } = await import('./schema-registry/load-serializer.ts')
    this.#serializer = createRegistrySerializer(this.#name, this.#config)
    return this.#serializer
  }
}

/**
 * The error when the serializer can't be created: the record is valid, but a setting is wrong, or code can't be loaded.
 * It contains no value of a setting.
 */
function notLoaded(cause: unknown): SerializationError {
  const why = isInstance(cause, ConfigError)
    ? cause.problems.join(' ')
    : `its code can't be loaded (${errorName(cause)})`
  return new SerializationError('delivery-failure', why, { code: 'schema-registry', cause })
}
