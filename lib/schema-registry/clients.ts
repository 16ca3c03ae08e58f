// Imports the client of each registry on first use.
import type { OpenRegistry } from './registry-codec-options.ts'

export const openConfluent: OpenRegistry = async config =>
  (await import('./confluent/create-confluent-registry.ts')).createConfluentRegistry(config)

export const openGlue: OpenRegistry = async config =>
  (await import('./glue/glue-registry.ts')).createGlueRegistry(config)
