// Which code of lib/wire-format/ is in a function's bundle.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build } from 'esbuild'

/** The files of lib/wire-format/ in the bundle of a function, and those that a cold start loads. */
async function wireFormatIn(name: string) {
  const { metafile } = await build({
    entryPoints: { index: `functions/${name}/handler.ts` },
    outdir: 'dist',
    bundle: true,
    write: false,
    minify: true,
    platform: 'node',
    format: 'esm',
    splitting: true,
    packages: 'external',
    metafile: true,
  })
  const atStart = new Set(['dist/index.js'])
  for (const path of atStart)
    for (const { path: next, kind } of metafile.outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && metafile.outputs[next]) atStart.add(next)
  const filesOf = (paths: Iterable<string>) =>
    [...paths]
      .flatMap(path => Object.entries(metafile.outputs[path]?.inputs ?? {}))
      .filter(([file, { bytesInOutput }]) => file.startsWith('lib/wire-format/') && bytesInOutput > 0)
      .map(([file]) => file.slice('lib/wire-format/'.length))
      .sort()
  return { atStart: filesOf(atStart), all: filesOf(Object.keys(metafile.outputs)) }
}

const WRITING = ['compress.ts', 'crc32c.ts', 'record-batch-encoder.ts', 'snappy-stream.ts', 'varint.ts']

for (const name of ['http', 'sqs', 'eventbridge'])
  test(`the bundle of ${name} writes record batches and has no code that reads them`, async () => {
    assert.deepEqual((await wireFormatIn(name)).all, WRITING)
  })

test('redrive loads the code that reads record batches on use, not at its start', async () => {
  const { atStart, all } = await wireFormatIn('redrive')
  assert.deepEqual(atStart, WRITING)
  assert.ok(all.includes('record-batch-decoder.ts') && all.includes('decompress.ts'))
})
