// The serializers of a producer, as key.serializer and value.serializer name them.
import { isPath, isRegistrySerializer } from './config/class-names.ts'
import type { ProducerConfig } from './config/settings.ts'
import { instanceOf } from './configured-classes.ts'
import { errorName } from './errors.ts'
import { NamedRegistrySerializer } from './named-registry-serializer.ts'
import { namedSerializer, type SerializerName } from './serialize/named-serializers.ts'
import type { Serializer } from './serialize/serializer.ts'
import { defaultSerializer } from './serialize/text-serializers.ts'
import type { Clock } from './time/clock.ts'
import type { Deadline } from './time/deadline.ts'
import { withTimeout } from './time/patient-timer.ts'

export class ConfiguredSerializers {
  readonly key: Serializer
  readonly value: Serializer
  readonly #warn: (text: string) => void
  /** The serializers that were created here. Those that the caller passed in are not closed here. */
  readonly #created: Serializer[] = []
  #closed: Promise<void> | undefined

  /** @throws ConfigError if a class or module that a setting names can't be loaded */
  constructor(config: ProducerConfig, warn: (text: string) => void) {
    this.#warn = warn
    this.key = this.#serializerOf('keySerializer', config)
    try {
      this.value = this.#serializerOf('valueSerializer', config)
    } catch (error) {
      void this.#closeAll()
      throw error
    }
  }

  /**
   * Closes the serializers that were created here, once, and waits for them until `deadline`. Never rejects: if a
   * serializer fails or is late, it warns.
   */
  async close(deadline: Deadline, clock: Clock): Promise<void> {
    if (this.#created.length === 0) return
    this.#closed ??= this.#closeAll()
    const late = () => new Error('late')
    await withTimeout(clock, deadline.remaining, this.#closed, late).catch(() =>
      this.#warn('A serializer is still closing; the producer no longer waits for it.'),
    )
  }

  async #closeAll(): Promise<void> {
    await Promise.all(this.#created.map(serializer => this.#close(serializer)))
  }

  #serializerOf(option: 'keySerializer' | 'valueSerializer', config: ProducerConfig): Serializer {
    const setting = config[option]
    if (setting === undefined) return defaultSerializer as Serializer
    if (typeof setting === 'string' && isRegistrySerializer(setting))
      return new NamedRegistrySerializer(setting, config)
    if (typeof setting === 'string' && !isPath(setting)) return namedSerializer(setting as SerializerName)
    const { instance, isOurs } = instanceOf<Serializer>(option, setting, 'serialize')
    if (isOurs) this.#created.push(instance)
    return instance
  }

  async #close(serializer: Serializer): Promise<void> {
    try {
      await serializer.close?.()
    } catch (error) {
      this.#warn(`A serializer could not be closed (${errorName(error)}).`)
    }
  }
}
