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
  'io.confluent.kafka.serializers.KafkaAvroSerializer': 'confluent-avro',
  'io.confluent.kafka.serializers.protobuf.KafkaProtobufSerializer': 'confluent-protobuf',
  'io.confluent.kafka.serializers.json.KafkaJsonSchemaSerializer': 'confluent-json-schema',
  'com.amazonaws.services.schemaregistry.serializers.GlueSchemaRegistryKafkaSerializer': 'glue',
} as const satisfies Record<string, SerializerName | RegistrySerializerName>
const SERIALIZER_NAMES: ReadonlySet<string> = new Set(Object.values(SERIALIZERS))
const PARTITIONERS = { 'org.apache.kafka.clients.producer.RoundRobinPartitioner': 'round-robin' } as const

/** Serializers that write by the schemas of a registry. */
export type RegistrySerializerName = 'confluent-avro' | 'confluent-protobuf' | 'confluent-json-schema' | 'glue'
/** Names of classes → names of serializers. */
export type SerializerNames = typeof SERIALIZERS
/** A serializer's name as a setting may have it. */
export type SerializerSetting = SerializerName | RegistrySerializerName | keyof typeof SERIALIZERS
export type PartitionerSetting = (typeof PARTITIONERS)[keyof typeof PARTITIONERS] | keyof typeof PARTITIONERS
/** Of a module, relative to the working directory. */
export type ModulePath = `/${string}` | `./${string}` | `../${string}` | `file:${string}`

export function serializerName(text: string): string | undefined {
  return SERIALIZER_NAMES.has(text) ? text : (SERIALIZERS as Readonly<Record<string, string>>)[text]
}

export function isRegistrySerializer(name: string): name is RegistrySerializerName {
  return name === 'glue' || name.startsWith('confluent-')
}

export function partitionerName(text: string): string | undefined {
  return text === 'round-robin' ? text : (PARTITIONERS as Readonly<Record<string, string>>)[text]
}

export function isPath(text: string): boolean {
  return /^(\.{0,2}\/|file:)/.test(text)
}
