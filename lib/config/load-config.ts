// Stage 2 of 9, with a settings file: options, environment and file → frozen ProducerConfig. Code that only few
// configurations need is imported on demand, which keeps cold starts of functions short.
import type { Warn } from '../warn.ts'
import { fromEnvironment, parseSettings, type RareChecks, type Source } from './parse-settings.ts'
import type { CommonOptions, SerializerOptions } from './producer-options.ts'
import type { Serialized, SerializerOption } from './serialized-types.ts'
import type { ProducerConfig } from './settings.ts'

/**
 * Reads the settings as `parseConfig` does, and also the settings file that `configFile` or KAFKA_CONFIG_FILE names.
 * @throws ConfigError with every problem at once
 */
export async function loadConfig<
  const K extends SerializerOption | undefined = undefined,
  const V extends SerializerOption | undefined = undefined,
>(
  options: CommonOptions & SerializerOptions<K, V> = {},
  env: NodeJS.ProcessEnv = process.env,
  warn?: Warn,
  needsBrokers = true,
): Promise<ProducerConfig<Serialized<K>, Serialized<V>>> {
  const path = options.configFile ?? env.KAFKA_CONFIG_FILE
  const file = path ? await (await import('./settings-file.ts')).readSettingsFile(path, env) : undefined
  const sources = [options, fromEnvironment(env), file?.values ?? {}] as const
  const checks = await rareChecks(sources)
  return parseSettings(sources, env, warn, file, needsBrokers, checks) as ProducerConfig<Serialized<K>, Serialized<V>>
}

/** Options of the clients for Confluent's registry and for Glue. */
const OF_REGISTRY = /^(?:schemaRegistry|glue)/
/** Names of the serializers of both registries, and of their Java classes. */
const OF_SERIALIZER = /^glue$|confluent|schemaregistry/

async function rareChecks(sources: readonly Source[]): Promise<RareChecks> {
  const hasOAuth = sources.some(({ saslMechanism }) => saslMechanism === 'OAUTHBEARER')
  const hasJaas = sources.some(({ saslJaasConfig }) => saslJaasConfig !== undefined)
  const hasRegistry = sources.some(source =>
    Object.entries(source).some(([name, value]) =>
      name.endsWith('Serializer') ? OF_SERIALIZER.test(String(value)) : OF_REGISTRY.test(name) && value !== undefined,
    ),
  )
  return {
    checkOAuth: hasOAuth ? (await import('./check-oauth.ts')).checkOAuth : () => {},
    checkRegistry: hasRegistry ? (await import('./check-registry.ts')).checkRegistry : () => [],
    withJaasConfig: hasJaas ? (await import('./jaas-config.ts')).withJaasConfig : source => source,
  }
}
