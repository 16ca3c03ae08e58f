import type { Plugin } from 'esbuild'

/** In a bundle that has every package inside, none can be missing: it looks for none and has no list of them. */
export const PACKAGES_INSIDE: Plugin = {
  name: 'packages inside',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]lib[\\/]optional-packages\.ts$/ }, () => ({
      contents: `export const requirePackages = () => {}
        export const ifMissing = () => error => { throw error }`,
    })),
}
