// Looks up the schemas of contracts in their registries, as sending would: this shows whether a registry can be
// reached, accepts the credentials, has the schema, and whether the schema can be used. It registers nothing.
import type { ProducerConfig } from '../config/settings.ts'
import type { Contracts } from '../contracts/contract.ts'
import { describeError, type ErrorCode, KafkaProducerError } from '../errors.ts'
import type { RegistryUse, ValueCodec } from '../serialize/value-codec.ts'
import { type Check, failed, ok, type Report, skipped, warning } from './check.ts'

const FIND_MS = 6000

const REACH = {
  confluent: 'Check schema.registry.url and the network that leads to it.',
  glue: 'Check the region and (in a VPC) an endpoint for Glue or a NAT.',
}
const ACCESS = {
  confluent: 'Check basic.auth.…, bearer.auth.… or the client certificate, and the permission to read the subject.',
  glue: 'The role needs glue:GetSchemaByDefinition, for versions glue:GetSchemaVersion, on registry and schema.',
}
const ADVICE: Partial<Record<ErrorCode, string>> = {
  'schema-not-found': 'Register the schema, or correct the contract’s subject and version.',
  'schema-incompatible': 'Register a schema that is compatible with the earlier versions of the subject.',
  'schema-rules': 'Records of this topic can’t be sent: use a subject without rules for writers.',
}

/** @param topics whose contracts are checked */
export async function checkSchemas(
  config: ProducerConfig,
  topics: readonly string[],
  contracts: Contracts,
  report: Report,
): Promise<void> {
  const parts = topics.flatMap(topic => {
    const contract = contracts.get(topic)
    return [
      { topic, isKey: true, codec: contract?.key.codec },
      { topic, isKey: false, codec: contract?.value.codec },
    ]
  })
  await Promise.all(
    parts.map(async ({ topic, isKey, codec }) => {
      if (codec?.uses) report(await checkSchema(codec, codec.uses, { topic, isKey, config }))
    }),
  )
}

interface Part {
  readonly topic: string
  readonly isKey: boolean
  readonly config: ProducerConfig
}

async function checkSchema(codec: ValueCodec, uses: RegistryUse, part: Part): Promise<Check> {
  const { registry, subject = part.topic, version, isPinned, autoRegister } = uses
  const name = `schema ${subject} (${registry})`
  if (isPinned) return skipped(name, 'pinned at build time: the registry is not used')
  const signal = AbortSignal.timeout(FIND_MS)
  try {
    await codec.findSchema?.({ ...part, headers: [], signal })
    return ok(name, `${version === 'definition' ? 'registered' : `version ${version} is there`}, and usable`)
  } catch (error) {
    const code = error instanceof KafkaProducerError ? error.code : undefined
    if (code === 'schema-not-found' && autoRegister)
      return warning(
        name,
        'not registered yet',
        'The first record registers it (autoRegister), if its permissions allow it.',
      )
    return failed(name, describeError(error), adviceOf(code, registry))
  }
}

function adviceOf(code: ErrorCode | undefined, registry: RegistryUse['registry']): string {
  if (code === 'schema-registry') return REACH[registry]
  if (code === 'schema-registry-access') return ACCESS[registry]
  return (code && ADVICE[code]) ?? 'Correct the schema or the contract; until then records of this topic are not sent.'
}
