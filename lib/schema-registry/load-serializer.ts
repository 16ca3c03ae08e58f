// Creates the registry serializers that settings name. It is imported on demand, so that a bundle without them does not
// contain it.
import type { RegistrySerializerName } from '../config/class-names.ts'
import type { ProducerConfig } from '../config/settings.ts'
import type { Serializer } from '../serialize/serializer.ts'
import {
  ConfluentAvroSerializer,
  ConfluentJsonSchemaSerializer,
  ConfluentProtobufSerializer,
} from './confluent-serializers.ts'
import { GlueSchemaRegistrySerializer } from './glue-serializer.ts'

const CLASSES: Readonly<Record<RegistrySerializerName, new (options: { config: ProducerConfig }) => Serializer>> = {
  'confluent-avro': ConfluentAvroSerializer,
  'confluent-protobuf': ConfluentProtobufSerializer,
  'confluent-json-schema': ConfluentJsonSchemaSerializer,
  glue: GlueSchemaRegistrySerializer,
}

/** @throws ConfigError */
export function createRegistrySerializer(name: RegistrySerializerName, config: ProducerConfig): Serializer {
  return new CLASSES[name]({ config })
}
