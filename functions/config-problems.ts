// The problems of a configuration that is valid for a producer, but not for the functions.
import type { ProducerConfig } from '../lib/config/settings.ts'
import type { Contract, Contracts } from '../lib/contracts/contract.ts'

/** The serializers that write what a contract's format says. With `json`, a string is the JSON text. */
const SERIALIZERS_OF: Readonly<Record<Contract['value']['format'], readonly unknown[]>> = {
  json: ['json', 'string'],
  text: ['string'],
  base64: ['bytes'],
}

/** What no function accepts. @returns texts for a ConfigError */
export function configProblems(config: ProducerConfig, contracts: Contracts): string[] {
  const { acks, enableIdempotence, keySerializer, valueSerializer } = config
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
  // A file that other programs read too may name serializers, but here the contracts decide.
  if (keySerializer !== undefined && keySerializer !== 'string')
    problems.push(
      'key.serializer (KAFKA_KEY_SERIALIZER): the functions expect none, or string, because a contract’s keys ' +
        'are text.',
    )
  const other = [...contracts.values()].find(({ value }) => !SERIALIZERS_OF[value.format].includes(valueSerializer))
  if (valueSerializer !== undefined && other)
    problems.push(
      'value.serializer (KAFKA_VALUE_SERIALIZER): the functions expect none, because the contracts say how values ' +
        `become bytes, or one that agrees with all of them. For ${other.topic} (format ${other.value.format}) ` +
        `that is ${SERIALIZERS_OF[other.value.format].join(' or ')}.`,
    )
  return problems
}
