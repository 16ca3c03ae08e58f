// contracts diff: compares the schemas that contracts name with the latest version of their subjects.
import { diff } from 'node:util'
import type { ProducerConfig } from '../lib/config/settings.ts'
import type { Contracts } from '../lib/contracts/contract.ts'
import { describeError, isInstance, SerializationError } from '../lib/errors.ts'
import { codecParts } from '../lib/schema-registry/codec-parts.ts'
import { registryOf } from '../lib/schema-registry/registries.ts'
import { RegistryCodec } from '../lib/schema-registry/registry-codec.ts'
import type { RegisteredSchema, SchemaDefinition } from '../lib/schema-registry/schema-registry.ts'

/** Milliseconds for the schema of one topic's keys or values. */
const DIFF_MS = 15_000

export interface SchemaDiff {
  readonly topic: string
  readonly part: 'key' | 'value'
  readonly subject: string
  /** What is compared with what, as text for people. */
  readonly title: string
  /** Each line begins with `+ `, `- ` or two spaces. Empty: the schemas are the same. */
  readonly lines: readonly string[]
  /** Why the schemas could not be compared. */
  readonly problem?: string
}

/**
 * Compares the contracts' schemas with their registries.
 * @returns one entry for each schema that a contract pins; one that always uses the latest version has none
 */
export async function diffRegistries(contracts: Contracts, config: ProducerConfig): Promise<SchemaDiff[]> {
  const diffs = [...contracts.values()].flatMap(({ topic, key, value }) =>
    [['key', key.codec] as const, ['value', value.codec] as const].map(([part, codec]) =>
      codec instanceof RegistryCodec ? diffOne(codec, topic, part, config) : undefined,
    ),
  )
  return (await Promise.all(diffs)).filter(each => each !== undefined)
}

async function diffOne(
  codec: RegistryCodec,
  topic: string,
  part: 'key' | 'value',
  config: ProducerConfig,
): Promise<SchemaDiff | undefined> {
  const selection = codec.selection({ topic, isKey: part === 'key', config })
  const { subject } = selection
  if (selection.by === 'version' && selection.version === 'latest') return undefined
  const place = { topic, part, subject }
  try {
    const signal = AbortSignal.timeout(DIFF_MS)
    const registry = await registryOf(config, codecParts(codec.options).open)
    const latest = await registry.find({ by: 'version', subject, version: 'latest' }, signal).catch(ifNotFound)
    const schema = selection.by === 'definition' ? selection.definition : await registry.find(selection, signal)
    const from = latest ? `version ${latest.version ?? 'latest'}` : 'no version'
    const to = selection.by === 'definition' ? 'the file' : `version ${selection.version}`
    return { ...place, title: `${from} → ${to}`, lines: lineDiff(latest, schema) }
  } catch (error) {
    return { ...place, title: '', lines: [], problem: describeError(error) }
  }
}

function ifNotFound(error: unknown): undefined {
  if (!isInstance(error, SerializationError) || error.code !== 'schema-not-found') throw error
}

function lineDiff(from: RegisteredSchema | undefined, to: SchemaDefinition): string[] {
  const [before, after] = [from ? linesOf(from) : [], linesOf(to)]
  if (before.join('\n') === after.join('\n')) return []
  return diff(after, before).map(([operation, line]) => `${operation > 0 ? '+' : operation < 0 ? '-' : ' '} ${line}`)
}

/** Prints JSON in one form, so that whitespace makes no difference; other text stays as it is. */
function linesOf({ type, text }: SchemaDefinition): string[] {
  if (type === 'PROTOBUF') return text.trim().split(/\r?\n/)
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2).split('\n')
  } catch {
    // Avro also accepts the bare name of a type, which is not JSON.
    return text.trim().split(/\r?\n/)
  }
}
