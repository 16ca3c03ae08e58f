// The clients of registries. One lives as long as the configuration it was created from: for the container's life.
import type { ProducerConfig } from '../config/settings.ts'
import { ConfigError, isInstance, SerializationError } from '../errors.ts'
import type { OpenRegistry } from './registry-codec-options.ts'
import type { SchemaRegistry } from './schema-registry.ts'

const clients = new WeakMap<ProducerConfig, Map<OpenRegistry, Promise<SchemaRegistry>>>()

/** @throws SerializationError `schema-registry`, by rejection: the settings of the registry are missing or wrong */
export function registryOf(config: ProducerConfig, open: OpenRegistry): Promise<SchemaRegistry> {
  const ofConfig = clients.get(config) ?? new Map<OpenRegistry, Promise<SchemaRegistry>>()
  clients.set(config, ofConfig)
  let client = ofConfig.get(open)
  if (!client) {
    client = open(config).catch(cause => {
      // A package that is missing now may be there later only after a restart, but a file may be.
      ofConfig.delete(open)
      throw isInstance(cause, ConfigError) ? notConfigured(cause) : cause
    })
    ofConfig.set(open, client)
  }
  return client
}

/** A `ConfigError` names settings, never their values that are secret. */
function notConfigured(cause: ConfigError): SerializationError {
  return new SerializationError('delivery-failure', cause.problems.join(' '), {
    code: 'schema-registry',
    retriable: false,
    cause,
  })
}
