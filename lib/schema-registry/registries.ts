// Keeps one client per registry and configuration, normally for the container's life.
import type { ProducerConfig } from '../config/settings.ts'
import type { OpenRegistry } from './registry-codec-options.ts'
import type { SchemaRegistry } from './schema-registry.ts'
import { toDeliveryFailure } from './to-delivery-failure.ts'

const clients = new WeakMap<ProducerConfig, Map<OpenRegistry, Promise<SchemaRegistry>>>()

/**
 * @throws SerializationError `schema-registry`, by rejection: if the settings of the registry are missing or invalid
 */
export function registryOf(config: ProducerConfig, open: OpenRegistry): Promise<SchemaRegistry> {
  const ofConfig = clients.get(config) ?? new Map<OpenRegistry, Promise<SchemaRegistry>>()
  clients.set(config, ofConfig)
  let client = ofConfig.get(open)
  if (!client) {
    client = open(config).catch(cause => {
      // Not cached, because a file that a setting names may exist later.
      ofConfig.delete(open)
      return toDeliveryFailure('schema-registry')(cause)
    })
    ofConfig.set(open, client)
  }
  return client
}
