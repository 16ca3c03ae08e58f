/// <reference types="node" preserve="true" />
// Serializers and contract codecs that use the schemas of a registry: Confluent's API, or AWS Glue.
export type { ProducerConfig } from '../config/settings.ts'
export { ConfigError, InvalidRecordError, KafkaProducerError, SerializationError } from '../errors.ts'
export type { SerializedData, Serializer, SerializerContext } from '../serialize/serializer.ts'
export type { CodecContext, RegistryUse, ValueCodec, ValueSource } from '../serialize/value-codec.ts'
export {
  ConfluentAvroSerializer,
  ConfluentJsonSchemaSerializer,
  ConfluentProtobufSerializer,
} from './confluent-serializers.ts'
export { registryCodec } from './create-registry-codec.ts'
export { GlueSchemaRegistrySerializer } from './glue-serializer.ts'
export type { RegistryCodecOptions, RegistryFormatName, RegistryName } from './registry-codec-options.ts'
export type {
  RegisteredSchema,
  SchemaDefinition,
  SchemaId,
  SchemaReference,
  SchemaRegistry,
  SchemaSelection,
  SchemaType,
} from './schema-registry.ts'
export type {
  ConfluentProtobufSerializerOptions,
  ConfluentSerializerOptions,
  ConfluentSettings,
  GlueSerializerOptions,
  GlueSettings,
  MessageOptions,
  SerializerSchemaOptions,
} from './serializer-options.ts'
