// Settings of Confluent's and AWS's Java serializers that a settings file may use in addition to those of the table.
// Confluent: AbstractKafkaSchemaSerDeConfig and SchemaRegistryClientConfig of github.com/confluentinc/schema-registry,
// whose client settings may begin with `schema.registry.` or not. AWS: AWSSchemaRegistryConstants of
// github.com/awslabs/aws-glue-schema-registry.
import type { OptionName } from './settings.ts'

const CLIENT = 'schema.registry.'

/**
 * Settings of Confluent's client, without the prefix `schema.registry.`. `ssl.…` without the prefix belongs to the
 * brokers.
 */
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

/** Pairs of Confluent's name and the option. */
export const CONFLUENT_NAMES: readonly (readonly [name: string, OptionName])[] = Object.entries(CONFLUENT).flatMap(
  ([name, option]) => [
    [name, option],
    [`${CLIENT}${name}`, option],
  ],
)

/** Names that mean Glue only if the file also names Glue's serializer, because they are too general. */
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

/** Ignored with a warning beside Glue's serializer, because they concern Java classes, its cache or a consumer. */
export const GLUE_WITHOUT_EFFECT =
  /^(?:avroRecordType|protobufMessageType|secondaryDeserializer|cacheSize|timeToLiveMillis|userAgentApp|description)$/

export const GLUE_SERIALIZER = /^(?:glue|com\.amazonaws\.services\.schemaregistry\.serializers\.\w+)$/
