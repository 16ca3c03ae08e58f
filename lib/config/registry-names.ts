// Names of Confluent's and AWS's serializers that a settings file may have beside those of the table.
// Confluent: AbstractKafkaSchemaSerDeConfig and SchemaRegistryClientConfig of github.com/confluentinc/schema-registry,
// where `schema.registry.` before a client's name changes nothing. AWS: AWSSchemaRegistryConstants of
// github.com/awslabs/aws-glue-schema-registry.
import type { OptionName } from './settings.ts'

const CLIENT = 'schema.registry.'

/** Of Confluent's client, without `schema.registry.`; `ssl.…` without it is the brokers'. */
const CONFLUENT: Readonly<Record<string, OptionName>> = {
  'basic.auth.credentials.source': 'schemaRegistryBasicAuthCredentialsSource',
  'basic.auth.user.info': 'schemaRegistryBasicAuthUserInfo',
  'bearer.auth.credentials.source': 'schemaRegistryBearerAuthCredentialsSource',
  'bearer.auth.token': 'schemaRegistryBearerAuthToken',
  'bearer.auth.issuer.endpoint.url': 'schemaRegistryBearerAuthIssuerEndpointUrl',
  'bearer.auth.client.id': 'schemaRegistryBearerAuthClientId',
  'bearer.auth.client.secret': 'schemaRegistryBearerAuthClientSecret',
  'bearer.auth.scope': 'schemaRegistryBearerAuthScope',
  'bearer.auth.logical.cluster': 'schemaRegistryBearerAuthLogicalCluster',
  'bearer.auth.identity.pool.id': 'schemaRegistryBearerAuthIdentityPoolId',
  'http.read.timeout.ms': 'schemaRegistryRequestTimeoutMs',
}

/** By the names of Confluent. */
export const CONFLUENT_NAMES: readonly (readonly [name: string, OptionName])[] = Object.entries(CONFLUENT).flatMap(
  ([name, option]) => [
    [name, option],
    [`${CLIENT}${name}`, option],
  ],
)

/** Too general to mean Glue anywhere but beside its serializer. */
export const GLUE_NAMES: readonly (readonly [name: string, OptionName])[] = [
  ['region', 'glueRegion'],
  ['registry.name', 'glueRegistryName'],
  ['endpoint', 'glueEndpoint'],
  ['compression', 'glueCompression'],
  ['dataFormat', 'glueDataFormat'],
  ['schemaName', 'glueSchemaName'],
  ['compatibility', 'glueCompatibility'],
  ['schemaAutoRegistrationEnabled', 'autoRegisterSchemas'],
]

/** Beside Glue's serializer: they are about Java's classes, its cache or a consumer. */
export const GLUE_WITHOUT_EFFECT =
  /^(?:avroRecordType|protobufMessageType|secondaryDeserializer|cacheSize|timeToLiveMillis|userAgentApp|description)$/

export const GLUE_SERIALIZER = /^(?:glue|com\.amazonaws\.services\.schemaregistry\.serializers\.\w+)$/
