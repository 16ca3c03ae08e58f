// Groups the settings of the client for Confluent's registry API by what they configure.
import type { OptionName } from './settings.ts'

export const BASIC_AUTH = [
  'schemaRegistryBasicAuthCredentialsSource',
  'schemaRegistryBasicAuthUserInfo',
] as const satisfies readonly OptionName[]

export const OAUTH = [
  'schemaRegistryBearerAuthIssuerEndpointUrl',
  'schemaRegistryBearerAuthClientId',
  'schemaRegistryBearerAuthClientSecret',
  'schemaRegistryBearerAuthScope',
] as const satisfies readonly OptionName[]

export const BEARER_AUTH = [
  'schemaRegistryBearerAuthCredentialsSource',
  'schemaRegistryBearerAuthToken',
  ...OAUTH,
] as const satisfies readonly OptionName[]

/** Settings that become headers beside a bearer token. */
export const BESIDE_TOKEN = [
  'schemaRegistryBearerAuthLogicalCluster',
  'schemaRegistryBearerAuthIdentityPoolId',
] as const satisfies readonly OptionName[]

export const TLS = [
  'schemaRegistrySslTruststoreCertificates',
  'schemaRegistrySslTruststoreLocation',
  'schemaRegistrySslKeystoreCertificateChain',
  'schemaRegistrySslKeystoreKey',
  'schemaRegistrySslKeystoreLocation',
  'schemaRegistrySslKeyPassword',
] as const satisfies readonly OptionName[]
