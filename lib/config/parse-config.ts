// Stage 2 of 9: options and environment → frozen ProducerConfig, once per container.
import { ConfigError } from '../errors.ts'
import type { Warn } from '../warn.ts'
import { checkOAuth } from './check-oauth.ts'
import { checkRegistry } from './check-registry.ts'
import { withJaasConfig } from './jaas-config.ts'
import { fromEnvironment, parseSettings } from './parse-settings.ts'
import type { CommonOptions, SerializerOptions } from './producer-options.ts'
import type { Serialized, SerializerOption } from './serialized-types.ts'
import type { ProducerConfig } from './settings.ts'
import type { SettingsFile } from './settings-file.ts'

/**
 * Reads the settings: options in code, then environment variables (KAFKA_…), then (`loadConfig`) the settings file,
 * then defaults.
 * @param warn called with each setting that is accepted but not recommended. Default: `process.emitWarning`, a line on
 * stderr
 * @param needsBrokers false: for a caller that does not connect to Kafka: `bootstrap.servers` may be missing (it is
 * then an empty list), or name only one broker
 * @throws ConfigError with every problem at once
 */
export function parseConfig<
  const K extends SerializerOption | undefined = undefined,
  const V extends SerializerOption | undefined = undefined,
>(
  options: CommonOptions & SerializerOptions<K, V> = {},
  env: NodeJS.ProcessEnv = process.env,
  warn?: Warn,
  file?: SettingsFile,
  needsBrokers = true,
): ProducerConfig<Serialized<K>, Serialized<V>> {
  checkNode()
  return parseSettings([options, fromEnvironment(env), file?.values ?? {}], env, warn, file, needsBrokers, {
    checkOAuth,
    withJaasConfig,
    checkRegistry,
  }) as ProducerConfig<Serialized<K>, Serialized<V>>
}

/** npm only warns of an older Node, which would then fail each send. */
function checkNode(): void {
  if (typeof Promise.withResolvers !== 'function')
    throw new ConfigError([`Node.js: expected 22.19 or newer, got ${process.versions.node}.`])
}
