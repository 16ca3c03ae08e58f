import { toJson } from '@bufbuild/protobuf'
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'

const OPTIONS = new Set(['features', 'packed', 'mapEntry', 'messageSetWireFormat', 'allowAlias', 'deprecated'])
const FEATURES = new Set([
  ...['fieldPresence', 'enumType', 'repeatedFieldEncoding', 'utf8Validation', 'messageEncoding', 'jsonFormat'],
])
const WITHOUT_EFFECT = new Set(['defaultValue', 'visibility', 'optionDependency', 'weakDependency', 'sourceCodeInfo'])

/** What bytes and JSON depend on, without the order of messages: entries of maps stand elsewhere than in protoc's. */
export function comparableDescriptor(file: FileDescriptorProto): unknown {
  const {
    name,
    package: packageName = '',
    syntax = 'proto2',
    ...rest
  } = comparable(toJson(FileDescriptorProtoSchema, file))
  return { packageName, syntax, ...rest }
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of any shape
function comparable(value: any, key = ''): any {
  if (Array.isArray(value)) {
    const items = value.map(item => comparable(item, key))
    return key === 'nestedType' || key === 'messageType' ? items.sort((a, b) => (a.name < b.name ? -1 : 1)) : items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).flatMap(([name, field]) => {
    const isKept =
      !WITHOUT_EFFECT.has(name) &&
      (key !== 'service' || name === 'name') &&
      (key !== 'options' || OPTIONS.has(name)) &&
      (key !== 'features' || FEATURES.has(name)) &&
      (key !== 'extensionRange' || name !== 'options') &&
      (name !== 'jsonName' || value.extendee === undefined)
    const kept = comparable(field, name)
    const isEmpty = name === 'options' && Object.keys(kept).length === 0
    return isKept && !isEmpty ? [[name, kept]] : []
  })
  return Object.fromEntries(entries)
}
