// The value formats of contract files whose schemas are in a registry. A function's bundle contains only the codecs of
// its own contracts instead (scripts/build.ts).
import type { ValueFormat } from '../serialize/value-codec.ts'
import { defaultSubject, RegistryCodec } from './registry-codec.ts'
import type { RegistryCodecOptions, RegistryCodecParts, RegistryFormatName } from './registry-codec-options.ts'
import { parseRegistryFields, REGISTRY_FIELDS } from './registry-fields.ts'

/** Loads the code that a codec needs. */
export type PartsOf = (options: RegistryCodecOptions) => RegistryCodecParts

export function contractFormats(partsOf: PartsOf): Readonly<Record<RegistryFormatName, ValueFormat>> {
  return {
    avro: registryFormat('avro', [], partsOf),
    protobuf: registryFormat('protobuf', ['message'], partsOf),
    'json-schema': registryFormat('json-schema', [], partsOf),
  }
}

function registryFormat(name: RegistryFormatName, fields: readonly string[], partsOf: PartsOf): ValueFormat {
  return {
    fields: [...REGISTRY_FIELDS, ...fields],
    isJson: true,
    parse: ({ required: _required, from: _from, ...ofFormat }, problem, place) => {
      const options = parseRegistryFields(name, ofFormat, problem, place)
      return topic => {
        const subject = options.subject ?? defaultSubject(options, { topic, isKey: place.part === 'key' })
        return new RegistryCodec({ ...options, subject }, partsOf(options))
      }
    },
  }
}
