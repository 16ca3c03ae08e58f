// partitioner.class, key.serializer and value.serializer → the things themselves.

import { isPath } from './config/class-names.ts'
import { loadDefaultExport } from './config/load-module.ts'
import { type ProducerConfig, SETTINGS } from './config/settings.ts'
import { ConfigError } from './errors.ts'
import { BuiltInPartitioner } from './partition/built-in-partitioner.ts'
import type { Partitioner } from './partition/partitioner.ts'
import { RoundRobinPartitioner } from './partition/round-robin-partitioner.ts'
import { defaultSerializer, namedSerializer, type Serializer, type SerializerName } from './serialize/serializer.ts'

/** @throws ConfigError */
export function configuredPartitioner({ partitionerClass: given, partitionerIgnoreKeys }: ProducerConfig): {
  partitioner: Partitioner
  isCustom: boolean
} {
  if (given === undefined) return { partitioner: new BuiltInPartitioner(partitionerIgnoreKeys), isCustom: false }
  if (given === 'round-robin') return { partitioner: new RoundRobinPartitioner(), isCustom: false }
  return { partitioner: made<Partitioner>('partitionerClass', given, 'partition'), isCustom: true }
}

/** @throws ConfigError */
export function configuredSerializer(option: 'keySerializer' | 'valueSerializer', config: ProducerConfig): Serializer {
  const given = config[option]
  if (given === undefined) return defaultSerializer as Serializer
  if (typeof given === 'string' && !isPath(given)) return namedSerializer(given as SerializerName)
  return made<Serializer>(option, given, 'serialize')
}

/** An object, or what a class makes; given in code or by the path of a module. */
function made<T>(option: 'partitionerClass' | 'keySerializer' | 'valueSerializer', given: unknown, method: string): T {
  const where = `${SETTINGS[option].name} (${SETTINGS[option].env})`
  let found: unknown
  try {
    found = typeof given === 'string' ? loadDefaultExport(given) : given
    if (typeof found === 'function') found = new (found as new () => unknown)()
  } catch (error) {
    throw new ConfigError([
      `${where}: the module can't be loaded or its class can't be made (${(error as NodeJS.ErrnoException).code ?? (error as Error).name}).`,
    ])
  }
  if (typeof (found as Record<string, unknown> | null)?.[method] === 'function') return found as T
  throw new ConfigError([
    `${where}: expected a default export (or an object) with a method ${method}, got something else.`,
  ])
}
