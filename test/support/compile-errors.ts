import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** The errors of the compiler under strict settings. */
export function compileErrors(t: TestContext, text: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'types-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'types.ts'), text)
  const compilerOptions = { strict: true, exactOptionalPropertyTypes: true, noEmit: true, target: 'esnext', types: [] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['types.ts'] }))
  const { stdout } = spawnSync('node_modules/.bin/tsc', ['-p', folder, '--pretty', 'false'], { encoding: 'utf8' })
  return stdout.split('\n').filter(line => line.includes('error TS'))
}
