// Bundles of the functions as the build makes them, but without contracts, so that no build step has to run before.
import { type BuildResult, build, type Plugin } from 'esbuild'
import { functionBuild } from '../../scripts/build.ts'

const NO_CONTRACTS: Plugin = {
  name: 'no contracts',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^#contracts$/ }, () => ({ path: 'none', namespace: 'contracts' }))
    onLoad({ filter: /.*/, namespace: 'contracts' }, () => ({ contents: 'export const contracts = new Map()' }))
  },
}

/**
 * @param outdir where it is written; by default it isn't
 * @param minify as it is deployed
 */
export function bundleOf(name: string, outdir?: string, minify = false): Promise<BuildResult<{ metafile: true }>> {
  const options = functionBuild(name)
  return build({
    ...options,
    outdir: outdir ?? options.outdir,
    alias: {},
    plugins: [...options.plugins, NO_CONTRACTS],
    minify,
    sourcemap: false,
    write: outdir !== undefined,
  })
}
