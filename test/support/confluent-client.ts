// A client of a scripted registry, with the settings that a test gives it.
import type { TestContext } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import {
  type ConfluentRegistryContext,
  createConfluentRegistry,
} from '../../lib/schema-registry/confluent/create-confluent-registry.ts'
import type { SchemaSelection } from '../../lib/schema-registry/schema-registry.ts'
import { RegistryServer } from '../fakes/registry-server.ts'

const NEVER = new AbortController().signal

type Settings = Omit<ProducerOptions, 'bootstrapServers'>

/** @param context default: the shortest back-offs */
export function confluentClient(settings: Settings, context: ConfluentRegistryContext = {}) {
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:2'], ...settings }, {}, () => undefined)
  const registry = createConfluentRegistry(config, { random: () => 0, ...context })
  return (selection: SchemaSelection, signal = NEVER) => registry.find(selection, signal)
}

export async function scriptedRegistry(
  t: TestContext,
  handler: RegistryServer['handler'],
  settings: Settings = {},
  context: ConfluentRegistryContext = {},
) {
  const server = await RegistryServer.start(t, handler)
  return { server, find: confluentClient({ schemaRegistryUrl: [server.url], ...settings }, context) }
}

export const latest = (subject: string): SchemaSelection => ({ by: 'version', subject, version: 'latest' })
export const numbered = (subject: string, version: number): SchemaSelection => ({ by: 'version', subject, version })

/** What a registry stores. */
export const STORED = { id: 7, version: 3, subject: 's', schema: '"string"' }
