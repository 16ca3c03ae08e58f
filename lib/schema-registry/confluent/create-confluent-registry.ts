// Creates a client for the registry in the settings.
import type { ProducerConfig } from '../../config/settings.ts'
import { ConfigError } from '../../errors.ts'
import type { Clock } from '../../time/clock.ts'
import { SchemaCache } from '../schema-cache.ts'
import type { SchemaRegistry } from '../schema-registry.ts'
import { ConfluentRegistry } from './confluent-registry.ts'
import { RegistryClient } from './registry-client.ts'
import { RegistryConnections } from './registry-connections.ts'
import { type CredentialOptions, RegistryCredentials } from './registry-credentials.ts'
import { type RegistryTlsOptions, registryTls } from './registry-tls.ts'

/** The settings that the client needs, all of them part of a producer's configuration. */
export type ConfluentRegistryOptions = CredentialOptions &
  RegistryTlsOptions &
  Pick<ProducerConfig, 'schemaRegistryUrl' | 'schemaRegistryRequestTimeoutMs'>

export interface ConfluentRegistryContext {
  /** Called with problems that do not stop a request. */
  readonly warn?: (text: string) => void
  readonly clock?: Clock
  /** Default: `Math.random`. */
  readonly random?: () => number
}

/**
 * Creates the client; makes no request yet.
 * @throws ConfigError without an address, or if certificates can't be read
 */
export function createConfluentRegistry(
  options: ConfluentRegistryOptions,
  { warn, clock, random }: ConfluentRegistryContext = {},
): SchemaRegistry {
  const { schemaRegistryUrl: urls = [], schemaRegistryRequestTimeoutMs: timeoutMs } = options
  if (urls.length === 0)
    throw new ConfigError(['schema.registry.url (KAFKA_SCHEMA_REGISTRY_URL): expected https://…, got none.'])
  const credentials = new RegistryCredentials(options, timeoutMs, warn)
  const hasTls = urls.some(url => url.startsWith('https:'))
  const tls = hasTls ? registryTls(options, credentials, warn) : async () => ({})
  const connections = new RegistryConnections({ tls, timeoutMs, clock })
  const client = new RegistryClient({ urls, connections, credentials, clock })
  return new ConfluentRegistry(client, new SchemaCache({ clock, random }))
}
