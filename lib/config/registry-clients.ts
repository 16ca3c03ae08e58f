// Which settings are those of the client of a registry with Confluent's API, by what they belong to.
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

/** Headers beside a token. */
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
