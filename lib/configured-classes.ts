// Creates what partitioner.class, key.serializer and value.serializer name.

import { isPath } from './config/class-names.ts'
import { loadDefaultExport } from './config/load-module.ts'
import { type ProducerConfig, SETTINGS } from './config/settings.ts'
import { ConfigError } from './errors.ts'
import { BuiltInPartitioner } from './partition/built-in-partitioner.ts'
import type { Partitioner } from './partition/partitioner.ts'
import { RoundRobinPartitioner } from './partition/round-robin-partitioner.ts'
import { defaultSerializer, namedSerializer, type Serializer, type SerializerName } from './serialize/serializer.ts'

/** @throws ConfigError */
export function configuredPartitioner({ partitionerClass, partitionerIgnoreKeys }: ProducerConfig): {
  partitioner: Partitioner
  isCustom: boolean
} {
  if (partitionerClass === undefined)
    return { partitioner: new BuiltInPartitioner(partitionerIgnoreKeys), isCustom: false }
  if (partitionerClass === 'round-robin') return { partitioner: new RoundRobinPartitioner(), isCustom: false }
  return {
    partitioner: instanceOf<Partitioner>('partitionerClass', partitionerClass, 'partition'),
    isCustom: true,
  }
}

/** @throws ConfigError */
export function configuredSerializer(option: 'keySerializer' | 'valueSerializer', config: ProducerConfig): Serializer {
  const setting = config[option]
  if (setting === undefined) return defaultSerializer as Serializer
  if (typeof setting === 'string' && !isPath(setting)) return namedSerializer(setting as SerializerName)
  return instanceOf<Serializer>(option, setting, 'serialize')
}

/** @param setting an object or a class, or the path of a module that exports one by default */
function instanceOf<T>(
  option: 'partitionerClass' | 'keySerializer' | 'valueSerializer',
  setting: unknown,
  method: string,
): T {
  const where = `${SETTINGS[option].name} (${SETTINGS[option].env})`
  let instance: unknown
  try {
    instance = typeof setting === 'string' ? loadDefaultExport(setting) : setting
    if (typeof instance === 'function') instance = new (instance as new () => unknown)()
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).name
    throw new ConfigError([`${where}: the module can't be loaded, or its class can't be instantiated (${reason}).`])
  }
  if (typeof (instance as Record<string, unknown> | null)?.[method] === 'function') return instance as T
  throw new ConfigError([
    `${where}: expected a default export (or an object) with a method ${method}, got something else.`,
  ])
}
