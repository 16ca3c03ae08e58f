// Builds the functions: contracts → standalone validators → one ESM bundle per function in dist/functions/<name>/. A
// bundle has index.mjs, the chunks that it imports statically, and code that is loaded on first use (chunks of clients,
// explainers.mjs).
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { parseArgs } from 'node:util'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'
import { EXPLAINERS, type Pins, writeContracts } from './contracts-module.ts'
import { PACKAGES_INSIDE } from './packages-inside.ts'
import { WITHOUT_REGISTRY_SERIALIZERS } from './without-registry-serializers.ts'
import { WITHOUT_UNUSED_KAFKAJS } from './without-unused-kafkajs.ts'

// kafkajs is CommonJS and calls require() for Node's modules.
export const REQUIRE =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);"

/**
 * Bundles kafkajs into the library, and replaces its require() of Node's modules by imports: an ESM bundle has no
 * `require`, so that kafkajs as a package would fail at the start of a user's bundle.
 */
const KAFKAJS_WITH_IMPORTS: Plugin = {
  name: 'kafkajs with imports',
  setup: ({ onResolve, onLoad, resolve }) => {
    onResolve({ filter: /^kafkajs(\/|$)/ }, ({ path, pluginData, ...from }) =>
      pluginData === KAFKAJS_WITH_IMPORTS
        ? undefined
        : resolve(createRequire(import.meta.url).resolve(path), { ...from, pluginData: KAFKAJS_WITH_IMPORTS }),
    )
    onResolve({ filter: /^[a-z]+$/ }, ({ path, kind, importer }) =>
      kind === 'require-call' && isBuiltin(path) && /[\\/]kafkajs[\\/]/.test(importer)
        ? { path, namespace: 'builtin' }
        : undefined,
    )
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `import builtin from 'node:${path}'\nmodule.exports = builtin`,
    }))
  },
}

export interface Bundle {
  readonly name: string
  /** Bytes that a cold start reads: the entry and the chunks that it imports statically. */
  readonly startBytes: number
  /** Bytes of all code in the bundle. */
  readonly bytes: number
  /** Imports that are neither in the bundle nor Node's modules. They would fail at run time. */
  readonly unresolved: readonly string[]
}

export function functionNames(): string[] {
  return readdirSync('functions').filter(name => existsSync(`functions/${name}/handler.ts`))
}

/**
 * Builds all functions.
 * @param keepOld keeps the chunks of the previous build, which a running sandbox may still load
 * @param pins schemas that the build has loaded from registries
 */
export async function buildAll(
  log: (line: string) => void = console.log,
  keepOld = false,
  pins?: Pins,
): Promise<Bundle[]> {
  await writeContracts({ pins })
  const bundles: Bundle[] = []
  for (const name of functionNames()) {
    if (!keepOld) rmSync(`dist/functions/${name}`, { recursive: true, force: true })
    const { metafile } = await build(functionBuild(name))
    await build(explainersBuild(`dist/functions/${name}`))
    const bundle = measure(name, metafile)
    log(`dist/functions/${name}: ${kib(bundle.startBytes)} read at a cold start, ${kib(bundle.bytes)} in total`)
    bundles.push(bundle)
  }
  return bundles
}

/** Builds the HTTP function as a program for a container: `node dist/server/index.mjs`. */
async function buildServer(log: (line: string) => void): Promise<void> {
  const { metafile } = await build(bundleOf('functions/http/server.ts', 'dist/server'))
  await build(explainersBuild('dist/server'))
  const code = Object.entries(metafile.outputs).filter(([path]) => path.endsWith('.mjs'))
  log(`dist/server: ${kib(code.reduce((sum, [, { bytes }]) => sum + bytes, 0))} in total`)
}

export function functionBuild(name: string) {
  return bundleOf(`functions/${name}/handler.ts`, `dist/functions/${name}`)
}

/** The esbuild options of every deployed file. */
const DEPLOYED = {
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  legalComments: 'none',
  banner: { js: REQUIRE },
  logLevel: 'warning',
} as const satisfies BuildOptions

function bundleOf(entry: string, outdir: string) {
  return {
    ...DEPLOYED,
    entryPoints: { index: entry },
    outdir,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    metafile: true,
    // Without this, esbuild picks the CommonJS build of a lazily loaded client, which fails on first use.
    mainFields: ['module', 'main'],
    // Of recheck, only the part that starts no processes and workers.
    alias: { '#contracts': './build/contracts.js', recheck: 'recheck/lib/browser.js' },
    sourcemap: 'linked',
    sourcesContent: false,
    plugins: [WITHOUT_UNUSED_KAFKAJS, WITHOUT_REGISTRY_SERIALIZERS, PACKAGES_INSIDE],
  } as const satisfies BuildOptions
}

/**
 * The explainers are a file beside the bundle that `require` loads, because validating a value is synchronous and can't
 * wait for an import.
 */
export function explainersBuild(outdir: string, entry = 'build/explainers.js') {
  return {
    ...DEPLOYED,
    entryPoints: [entry],
    outfile: `${outdir}/${EXPLAINERS}`,
  } satisfies BuildOptions
}

/**
 * The esbuild options of the packed library and command. The packages that they import are installed together with
 * them.
 */
const PACKED = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  // Lazy imports must stay lazy, because contracts need packages that only some users have installed.
  splitting: true,
  packages: 'external',
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [KAFKAJS_WITH_IMPORTS, WITHOUT_UNUSED_KAFKAJS],
} as const satisfies BuildOptions

/** The kafka-producer command. */
export async function buildCommand(outdir = 'dist/bin'): Promise<void> {
  rmSync(outdir, { recursive: true, force: true })
  await build({
    ...PACKED,
    entryPoints: ['bin/kafka-producer.ts'],
    outdir,
    outExtension: { '.js': '.mjs' },
  })
}

/**
 * Builds the library: a file per entry point and files that these share, because a start that reads 150 files is slow.
 */
export async function buildLibrary(outdir = 'dist/lib'): Promise<void> {
  rmSync(outdir, { recursive: true, force: true })
  await build({
    ...PACKED,
    entryPoints: [
      'lib/index.ts',
      'lib/middy.ts',
      'lib/testing/index.ts',
      'lib/consumer/index.ts',
      'lib/schema-registry/index.ts',
    ],
    outbase: 'lib',
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    // The source map contains the sources, because the package has no lib/ folder.
    sourcemap: 'linked',
  })
  copyFileSync('node_modules/kafkajs/LICENSE', `${outdir}/LICENSE-kafkajs`)
}

export function kib(bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`
}

/** The files of a bundle that a cold start reads: the entry and the chunks that it imports statically. */
export function readAtStart(name: string, outputs: Metafile['outputs']): ReadonlySet<string> {
  const files = new Set([`dist/functions/${name}/index.mjs`])
  for (const path of files)
    for (const { path: next, kind } of outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && outputs[next]) files.add(next)
  return files
}

function measure(name: string, { outputs }: Metafile): Bundle {
  const atStart = readAtStart(name, outputs)
  const code = Object.entries(outputs).filter(([path]) => path.endsWith('.mjs'))
  const sum = (paths: Iterable<string>) => [...paths].reduce((bytes, path) => bytes + (outputs[path]?.bytes ?? 0), 0)
  const unresolved = code.flatMap(([, { imports }]) =>
    imports.filter(({ path, external }) => external && !isBuiltin(path)).map(({ path }) => path),
  )
  return {
    name,
    startBytes: sum(atStart),
    bytes: sum(code.map(([path]) => path)),
    unresolved: [...new Set(unresolved)],
  }
}

/**
 * Builds the functions, the command and the library. --functions builds only the functions, --packed only the other
 * two; --keep-old keeps the files of the functions' previous build.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      functions: { type: 'boolean', default: false },
      packed: { type: 'boolean', default: false },
      'keep-old': { type: 'boolean', default: false },
    },
  })
  if (!values.packed) await buildAll(console.log, values['keep-old'])
  if (!values.packed && !values.functions) await buildServer(console.log)
  if (!values.functions) await Promise.all([buildCommand(), buildLibrary()])
}

if (import.meta.main)
  await main().catch(error => {
    // esbuild has printed its errors.
    if (!(error instanceof Error && 'errors' in error)) console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  })
