// Bundles of the functions with the contracts of a folder, as the build makes them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import { build, type Metafile } from 'esbuild'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { explainersBuild, functionBuild } from '../../scripts/build.ts'
import { type Pins, writeContracts } from '../../scripts/contracts-module.ts'

export interface ContractBundle {
  /** The contracts, as the bundle has them. */
  readonly contracts: Contracts
  readonly outputs: Metafile['outputs']
}

type Files = Readonly<Record<string, unknown>>

/** @param files by name: text, or what is written as JSON */
export function contractFolder(t: TestContext, files: Files): string {
  const folder = join(folderOf(t), 'contracts')
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return folder
}

/** In the repository, so that the packages that a validator imports are found. */
function folderOf(t: TestContext): string {
  mkdirSync('build', { recursive: true })
  const folder = mkdtempSync('build/test-')
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** @param options.name the function whose bundle it is. Default: only that of the contracts, which is made faster */
export async function contractBundle(
  t: TestContext,
  files: Files,
  { name, pins }: { readonly name?: string; readonly pins?: Pins } = {},
): Promise<ContractBundle> {
  const outdir = folderOf(t)
  await writeContracts({ folder: contractFolder(t, files), outdir, pins })
  const options = functionBuild(name ?? 'http')
  const contractsModule = `./${relative('.', join(outdir, 'contracts.js'))}`
  const { metafile } = await build({
    ...options,
    ...(name === undefined ? { entryPoints: { index: contractsModule } } : {}),
    alias: { ...options.alias, '#contracts': contractsModule },
    minify: false,
    sourcemap: false,
    write: false,
  })
  await build(explainersBuild(outdir, join(outdir, 'explainers.js')))
  const { contracts } = await import(resolve(outdir, 'contracts.js'))
  return { contracts, outputs: metafile.outputs }
}
