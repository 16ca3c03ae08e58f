// The names that Java and Spring give to serializers and partitioners, understood in settings.
import type { SerializerName } from '../serialize/named-serializers.ts'

const SERIALIZERS = {
  'org.apache.kafka.common.serialization.StringSerializer': 'string',
  'org.apache.kafka.common.serialization.ByteArraySerializer': 'bytes',
  'org.apache.kafka.common.serialization.ByteBufferSerializer': 'bytes',
  'org.apache.kafka.common.serialization.BytesSerializer': 'bytes',
  'org.apache.kafka.common.serialization.IntegerSerializer': 'integer',
  'org.apache.kafka.common.serialization.LongSerializer': 'long',
  'org.apache.kafka.common.serialization.DoubleSerializer': 'double',
  'org.apache.kafka.common.serialization.UUIDSerializer': 'uuid',
  'org.apache.kafka.common.serialization.VoidSerializer': 'void',
  'org.springframework.kafka.support.serializer.JsonSerializer': 'json',
  'org.springframework.kafka.support.serializer.JacksonJsonSerializer': 'json',
} as const satisfies Record<string, SerializerName>
const SERIALIZER_NAMES: ReadonlySet<string> = new Set(Object.values(SERIALIZERS))
const PARTITIONERS = { 'org.apache.kafka.clients.producer.RoundRobinPartitioner': 'round-robin' } as const

/** Names of classes → names of serializers. */
export type SerializerNames = typeof SERIALIZERS
/** A serializer's name as a setting may have it. */
export type SerializerSetting = SerializerName | keyof typeof SERIALIZERS
export type PartitionerSetting = (typeof PARTITIONERS)[keyof typeof PARTITIONERS] | keyof typeof PARTITIONERS
/** Of a module, relative to the working directory. */
export type ModulePath = `/${string}` | `./${string}` | `../${string}` | `file:${string}`

export function serializerName(text: string): string | undefined {
  return SERIALIZER_NAMES.has(text) ? text : (SERIALIZERS as Readonly<Record<string, string>>)[text]
}

export function partitionerName(text: string): string | undefined {
  return text === 'round-robin' ? text : (PARTITIONERS as Readonly<Record<string, string>>)[text]
}

export function isPath(text: string): boolean {
  return /^(\.{0,2}\/|file:)/.test(text)
}
