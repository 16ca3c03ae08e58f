// Java and Spring class names of serializers and partitioners, which settings accept.
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

/** Serializers that use the schemas of a registry. */
export type RegistrySerializerName = 'confluent-avro' | 'confluent-protobuf' | 'confluent-json-schema' | 'glue'
/** Maps the name of a Java class to the name of a serializer. */
export type SerializerNames = typeof SERIALIZERS
/** The name of a serializer as a setting accepts it: its own name or a Java class. */
export type SerializerSetting = SerializerName | RegistrySerializerName | keyof typeof SERIALIZERS
export type PartitionerSetting = (typeof PARTITIONERS)[keyof typeof PARTITIONERS] | keyof typeof PARTITIONERS
/** The path of a module, relative to the working directory. */
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
