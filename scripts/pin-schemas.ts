// npm run package -- --pin-schemas: loads the schemas of the contracts from their registries at build time, so that a
// function starts and sends while its registry is down.
import type { ProducerConfig } from '../lib/config/settings.ts'
import type { Contract, Contracts } from '../lib/contracts/contract.ts'
import { ConfigError, describeError } from '../lib/errors.ts'
import { codecParts } from '../lib/schema-registry/codec-parts.ts'
import { registryOf } from '../lib/schema-registry/registries.ts'
import { RegistryCodec } from '../lib/schema-registry/registry-codec.ts'
import type { RegisteredSchema } from '../lib/schema-registry/schema-registry.ts'
import type { Part, Pins } from './contracts-module.ts'

/** Time limit for all schemas together, ms. */
const PIN_MS = 60_000

interface Use {
  readonly topic: string
  readonly part: Part
  readonly codec: RegistryCodec
}

/**
 * Loads the schemas. The schema of a contract with `autoRegister` is registered.
 * @param log called with a line per schema
 * @throws ConfigError with every schema that can't be pinned
 */
export async function pinSchemas(
  contracts: Contracts,
  config: ProducerConfig,
  log: (line: string) => void,
): Promise<Pins> {
  const signal = AbortSignal.timeout(PIN_MS)
  const uses = usesOf(contracts)
  const problems: string[] = []
  const pinned = new Map<string, RegisteredSchema>()
  await Promise.all(
    uses.map(async ({ topic, part, codec }) => {
      try {
        pinned.set(`${part} ${topic}`, await schemaOf(codec, { topic, part }, config, signal))
      } catch (error) {
        const { cause } = error as Error
        // A problem of the configuration, which is the same for each contract.
        if (cause instanceof ConfigError) problems.push(...cause.problems)
        else problems.push(`contracts/${topic}.json: ${part}: ${describeError(error)}`)
      }
    }),
  )
  if (problems.length > 0) throw new ConfigError([...new Set(problems)].sort())
  for (const { topic, part } of uses) log(describe(topic, part, pinned.get(`${part} ${topic}`) as RegisteredSchema))
  return (topic, part) => pinned.get(`${part} ${topic}`)
}

function usesOf(contracts: Contracts): readonly Use[] {
  return [...contracts.values()].flatMap(({ topic, key, value }) =>
    [['key', key.codec] as const, ['value', value.codec] as const].flatMap(([part, codec]) =>
      codec instanceof RegistryCodec ? [{ topic, part, codec }] : [],
    ),
  )
}

async function schemaOf(
  codec: RegistryCodec,
  { topic, part }: { readonly topic: string; readonly part: Part },
  config: ProducerConfig,
  signal: AbortSignal,
): Promise<RegisteredSchema> {
  const parts = codecParts(codec.options)
  const registry = await registryOf(config, parts.open)
  const isKey = part === 'key'
  const schema = await registry.find(codec.selection({ topic, isKey, config }), signal)
  // Compiled here, so that a schema that no function could use fails the build.
  await (await parts.loadFormat()).compile(schema, { message: codec.options.message })
  codec.checkId(schema.id, { isKey, config })
  return schema
}

function describe(topic: string, part: Part, { id, version }: RegisteredSchema): string {
  const name = id.registry === 'glue' ? id.versionId : id.id
  return `${topic}: ${part} pinned to ${version === undefined ? '' : `version ${version}, `}id ${name}`
}

/** Returns the contracts with their pinned schemas, so that they need no registry. */
export function withPins(contracts: Contracts, pins: Pins): Contracts {
  const pinned = <T extends Contract['key'] | Contract['value']>(topic: string, part: Part, rule: T): T => {
    const schema = rule.codec instanceof RegistryCodec ? pins(topic, part) : undefined
    if (!(schema && rule.codec instanceof RegistryCodec)) return rule
    return { ...rule, codec: new RegistryCodec(rule.codec.options, { pinned: { id: schema.id, load: notHere } }) }
  }
  return new Map(
    [...contracts].map(([topic, contract]) => [
      topic,
      { ...contract, key: pinned(topic, 'key', contract.key), value: pinned(topic, 'value', contract.value) },
    ]),
  )
}

function notHere(): never {
  throw new Error('Expected the codec of a bundle.')
}
