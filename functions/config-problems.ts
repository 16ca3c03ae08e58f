// A configuration that is valid for a producer may be unusable for the functions: with its acks and idempotence they
// could lose or repeat records, its serializers contradict the contracts, or a path or registry address is unusable.
import type { ProducerConfig } from '../lib/config/settings.ts'
import type { Contract, Contracts } from '../lib/contracts/contract.ts'

/** Returns the values that no function accepts, as texts for a ConfigError. */
export function configProblems(config: ProducerConfig, contracts: Contracts): string[] {
  const { acks, enableIdempotence, httpBasePath, keySerializer, valueSerializer } = config
  const problems: string[] = []
  if (acks !== 'all')
    problems.push(
      `acks (KAFKA_ACKS): the functions expect all, got ${acks}: with less an acknowledged record can be lost.`,
    )
  else if (!enableIdempotence)
    problems.push(
      'enable.idempotence (KAFKA_ENABLE_IDEMPOTENCE): the functions expect true, got false: without it a record ' +
        'whose answer was lost can be in Kafka twice.',
    )
  if (!/^[\w.~/-]*$/.test(httpBasePath))
    problems.push('KAFKA_HTTP_BASE_PATH: expected a path such as /events, without escapes and spaces, got another.')
  // A settings file that other programs read as well may name serializers. The functions ignore them, because contracts
  // decide, but refuse a serializer that contradicts a contract.
  const otherKeys = [...contracts.values()].find(({ key }) => !isOneOf(keySerializersOf(key), keySerializer))
  if (keySerializer !== undefined && (otherKeys || (contracts.size === 0 && keySerializer !== 'string')))
    problems.push(
      'key.serializer (KAFKA_KEY_SERIALIZER): the functions expect none, or ' +
        `${otherKeys ? keySerializersOf(otherKeys.key).join(' or ') : 'string'}, because the contracts say how keys ` +
        'become bytes.',
    )
  const other = [...contracts.values()].find(({ value }) => !isOneOf(value.codec.serializers, valueSerializer))
  if (valueSerializer !== undefined && other)
    problems.push(
      'value.serializer (KAFKA_VALUE_SERIALIZER): the functions expect none, because the contracts say how values ' +
        `become bytes, or one that agrees with all of them. For ${other.topic} (format ` +
        `${other.value.codec.format}) that is ${other.value.codec.serializers.join(' or ') || 'none'}.`,
    )
  const unplaced = [...contracts.values()].find(({ key, value }) => asksConfluent(key) || asksConfluent(value))
  if (unplaced && config.schemaRegistryUrl === undefined)
    problems.push(
      `schema.registry.url (KAFKA_SCHEMA_REGISTRY_URL): expected https://…, as the contract of ${unplaced.topic} names ` +
        'the registry confluent; got none.',
    )
  return problems
}

function asksConfluent({ codec }: Contract['key'] | Contract['value']): boolean {
  return codec?.uses?.registry === 'confluent' && !codec.uses.isPinned
}

function keySerializersOf({ codec }: Contract['key']): readonly string[] {
  return codec?.serializers ?? ['string']
}

function isOneOf(names: readonly unknown[], name: unknown): boolean {
  return names.includes(name)
}
