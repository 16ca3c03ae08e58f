// Creates registry codecs for contracts in code.
import { ConfigError } from '../errors.ts'
import type { ValueCodec } from '../serialize/value-codec.ts'
import { codecParts } from './codec-parts.ts'
import { RegistryCodec } from './registry-codec.ts'
import { type RegistryCodecOptions, SCHEMA_TYPES } from './registry-codec-options.ts'
import { parseRegistryFields, REGISTRY_FIELDS } from './registry-fields.ts'

/**
 * Creates a codec that encodes values or keys with a schema of a registry. The registry is the one in the configuration
 * of the producer that sends the record.
 * @throws ConfigError with every option that is wrong
 * @example
 * defineContract('orders', { value: { codec: registryCodec({ format: 'avro', registry: 'confluent' }) } })
 */
export function registryCodec(options: RegistryCodecOptions): ValueCodec {
  const problems: string[] = []
  const { format, ...fields } = options
  if (!Object.hasOwn(SCHEMA_TYPES, String(format)))
    throw new ConfigError([`registryCodec: format: expected ${Object.keys(SCHEMA_TYPES).join(' | ')}.`])
  const known = [...REGISTRY_FIELDS, ...(format === 'protobuf' ? ['message'] : [])]
  for (const name of Object.keys(fields))
    if (!known.includes(name)) problems.push(`registryCodec: ${name}: unknown; expected ${known.join(', ')}.`)
  parseRegistryFields(format, fields, text => problems.push(`registryCodec: ${text.replace(/^value\./, '')}.`), {
    part: 'value',
    // In code the option holds the schema's text and not a path.
    readSchema: text => text,
  })
  if (problems.length > 0) throw new ConfigError(problems)
  return new RegistryCodec(options, codecParts(options))
}
