// contracts check --registry: checks whether the registry has the schemas of the contracts, or would accept them. It
// registers no schema.
import type { ProducerConfig } from '../lib/config/settings.ts'
import type { Contracts } from '../lib/contracts/contract.ts'
import { describeError, isInstance, SerializationError } from '../lib/errors.ts'
import { codecParts } from '../lib/schema-registry/codec-parts.ts'
import { registryOf } from '../lib/schema-registry/registries.ts'
import { RegistryCodec } from '../lib/schema-registry/registry-codec.ts'
import type { SchemaRegistry, SchemaSelection } from '../lib/schema-registry/schema-registry.ts'

/** Milliseconds for the schema of one topic's keys or values. */
const CHECK_MS = 15_000

export interface RegistryCheck {
  readonly topic: string
  readonly part: 'key' | 'value'
  readonly subject: string
  /** The result as text for people. */
  readonly result: string
  readonly isOk: boolean
}

export function checkRegistries(contracts: Contracts, config: ProducerConfig): Promise<RegistryCheck[]> {
  const uses = [...contracts.values()].flatMap(({ topic, key, value }) => [
    { topic, part: 'key' as const, codec: key.codec },
    { topic, part: 'value' as const, codec: value.codec },
  ])
  const checks = uses.flatMap(({ topic, part, codec }) =>
    codec instanceof RegistryCodec ? [checkOne(codec, topic, part, config)] : [],
  )
  return Promise.all(checks)
}

async function checkOne(
  codec: RegistryCodec,
  topic: string,
  part: 'key' | 'value',
  config: ProducerConfig,
): Promise<RegistryCheck> {
  const selection = codec.selection({ topic, isKey: part === 'key', config })
  const place = { topic, part, subject: selection.subject }
  try {
    return { ...place, result: await resultOf(codec, selection, config), isOk: true }
  } catch (error) {
    return { ...place, result: describeError(error), isOk: false }
  }
}

async function resultOf(codec: RegistryCodec, selection: SchemaSelection, config: ProducerConfig): Promise<string> {
  const { open, loadFormat } = codecParts(codec.options)
  const registry = await registryOf(config, open)
  const signal = AbortSignal.timeout(CHECK_MS)
  const asking = selection.by === 'definition' ? { ...selection, register: false } : selection
  try {
    const schema = await registry.find(asking, signal)
    await (await loadFormat()).compile(schema, { message: codec.options.message })
    const { id, version } = schema
    const name = id.registry === 'glue' ? id.versionId : id.id
    return `registered${version === undefined ? '' : ` as version ${version}`}, id ${name}`
  } catch (error) {
    if (asking.by === 'version' || !isNotFound(error)) throw error
    await refuseRules(registry, asking.subject, signal)
    const verdict = (await registry.checkNew?.(asking, signal)) ?? 'valid'
    return `not registered yet, ${verdict}${registration(codec)}`
  }
}

function registration(codec: RegistryCodec): string {
  return codec.uses.autoRegister ? '; the first record registers it' : '; register it before records are sent'
}

/**
 * Refuses inherited rules: a new version takes over the rules of the latest one.
 * @throws SerializationError `schema-rules`
 */
async function refuseRules(registry: SchemaRegistry, subject: string, signal: AbortSignal): Promise<void> {
  try {
    await registry.find({ by: 'version', subject, version: 'latest' }, signal)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

function isNotFound(error: unknown): boolean {
  return isInstance(error, SerializationError) && error.code === 'schema-not-found'
}
