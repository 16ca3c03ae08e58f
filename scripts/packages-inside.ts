import type { Plugin } from 'esbuild'

/** For bundles that contain every package: they need no check for missing packages, and no list of them. */
export const PACKAGES_INSIDE: Plugin = {
  name: 'packages inside',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]lib[\\/]optional-packages\.ts$/ }, () => ({
      contents: `export const requirePackages = () => {}
        export const ifMissing = () => error => { throw error }`,
    })),
}
