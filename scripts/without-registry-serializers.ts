import { dirname } from 'node:path'
import type { Plugin } from 'esbuild'

/**
 * Leaves the serializers of schema registries out of a function's bundle. In a function, a contract decides how a value
 * becomes bytes, and a setting that names such a serializer is refused at init.
 */
export const WITHOUT_REGISTRY_SERIALIZERS: Plugin = {
  name: 'without registry serializers',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]lib[\\/]schema-registry[\\/]load-serializer\.ts$/ }, ({ path }) => ({
      resolveDir: dirname(path),
      contents: `import { ConfigError } from '../errors.ts'
        export function createRegistrySerializer(name) {
          throw new ConfigError(['The functions have no serializer ' + name + '. Expected a contract with its format.'])
        }`,
    })),
}
