// Provides TLS material for connections to a registry, and reloads it when files or the secret change.
import type { ProducerConfig } from '../../config/settings.ts'
import { TlsFiles, toMaterial } from '../../security/pem.ts'
import type { TlsMaterial } from '../../transport/connection-security.ts'
import type { RegistryCredentials } from './registry-credentials.ts'

export type RegistryTlsOptions = Pick<
  ProducerConfig,
  | 'secretArn'
  | 'schemaRegistrySslTruststoreCertificates'
  | 'schemaRegistrySslTruststoreLocation'
  | 'schemaRegistrySslKeystoreCertificateChain'
  | 'schemaRegistrySslKeystoreKey'
  | 'schemaRegistrySslKeystoreLocation'
  | 'schemaRegistrySslKeyPassword'
>

/** @throws ConfigError if the material can't be read */
export function registryTls(
  options: RegistryTlsOptions,
  credentials: RegistryCredentials,
  warn?: (text: string) => void,
): () => Promise<TlsMaterial> {
  const { schemaRegistrySslKeystoreCertificateChain: chain, schemaRegistrySslKeystoreKey: key } = options
  const isKeyInSecret = options.secretArn !== undefined && chain !== undefined && key === undefined
  const files = new TlsFiles(
    {
      sslTruststoreCertificates: options.schemaRegistrySslTruststoreCertificates,
      sslTruststoreLocation: options.schemaRegistrySslTruststoreLocation,
      sslKeystoreCertificateChain: isKeyInSecret ? undefined : chain,
      sslKeystoreKey: key,
      sslKeystoreLocation: options.schemaRegistrySslKeystoreLocation,
      sslKeyPassword: options.schemaRegistrySslKeyPassword,
    },
    warn,
    'schema.registry.',
  )
  if (!isKeyInSecret) return async () => files.current()
  return async () => ({
    ...files.current(),
    ...toMaterial({ ca: undefined, cert: chain, ...(await credentials.keyOfSecret()) }),
  })
}
