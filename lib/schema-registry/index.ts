/// <reference types="node" preserve="true" />
// Serializers that write by the schemas of a registry: Confluent's API, or AWS Glue.
export type { ProducerConfig } from '../config/settings.ts'
export { ConfigError, InvalidRecordError, KafkaProducerError, SerializationError } from '../errors.ts'
export type { SerializedData, Serializer, SerializerContext } from '../serialize/serializer.ts'
export {
  ConfluentAvroSerializer,
  ConfluentJsonSchemaSerializer,
  ConfluentProtobufSerializer,
} from './confluent-serializers.ts'
export { GlueSchemaRegistrySerializer } from './glue-serializer.ts'
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
