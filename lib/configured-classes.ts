// Creates the objects that partitioner.class, key.serializer, value.serializer and sasl.token.provider name.
import { loadDefaultExport } from './config/load-module.ts'
import { labelOf, type ProducerConfig, SETTINGS } from './config/settings.ts'
import { ConfigError } from './errors.ts'
import { BuiltInPartitioner } from './partition/built-in-partitioner.ts'
import type { Partitioner } from './partition/partitioner.ts'
import { RoundRobinPartitioner } from './partition/round-robin-partitioner.ts'
import type { OAuthBearerTokenProvider } from './security/token-provider.ts'

/**
 * Creates the partitioner.
 * @throws ConfigError
 */
export function configuredPartitioner({ partitionerClass, partitionerIgnoreKeys }: ProducerConfig): {
  partitioner: Partitioner
  isCustom: boolean
} {
  if (partitionerClass === undefined)
    return { partitioner: new BuiltInPartitioner(partitionerIgnoreKeys), isCustom: false }
  if (partitionerClass === 'round-robin') return { partitioner: new RoundRobinPartitioner(), isCustom: false }
  return {
    partitioner: instanceOf<Partitioner>('partitionerClass', partitionerClass, 'partition').instance,
    isCustom: true,
  }
}

/**
 * Returns the object of a setting.
 * @param setting an object or a class, or the path of a module whose default export is one
 * @returns `isOurs`: whether the object was created here, so that this library closes it
 * @throws ConfigError
 */
export function instanceOf<T>(
  option: 'partitionerClass' | 'keySerializer' | 'valueSerializer',
  setting: unknown,
  method: string,
): { instance: T; isOurs: boolean } {
  const where = labelOf(SETTINGS[option])
  let instance: unknown
  let isOurs = false
  try {
    instance = typeof setting === 'string' ? loadDefaultExport(setting) : setting
    isOurs = typeof instance === 'function'
    if (isOurs) instance = new (instance as new () => unknown)()
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).name
    throw new ConfigError([`${where}: the module can't be loaded, or its class can't be instantiated (${reason}).`])
  }
  if (typeof (instance as Record<string, unknown> | null)?.[method] === 'function')
    return { instance: instance as T, isOurs }
  throw new ConfigError([
    `${where}: expected a default export (or an object) with a method ${method}, got something else.`,
  ])
}

/**
 * Returns the token provider of SASL OAUTHBEARER, loaded from its module if the setting is a path.
 * @throws ConfigError
 */
export function configuredTokenProvider({
  oauthBearerTokenProvider: setting,
}: ProducerConfig): OAuthBearerTokenProvider | undefined {
  if (typeof setting !== 'string') return setting
  const { env } = SETTINGS.oauthBearerTokenProvider
  let provider: unknown
  try {
    provider = loadDefaultExport(setting)
  } catch (error) {
    throw new ConfigError([`${env}: the module can't be loaded (${(error as NodeJS.ErrnoException).code ?? 'Error'}).`])
  }
  if (typeof provider === 'function') return provider as OAuthBearerTokenProvider
  throw new ConfigError([`${env}: expected a default export that is a function, got something else.`])
}
