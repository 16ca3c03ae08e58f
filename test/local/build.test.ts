// The local stack builds the functions first; if the build fails, the error names the contract.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildFunctions } from '../../local/build.ts'

test('a failed build names the contract that is wrong', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'build-'))
  try {
    mkdirSync(join(cwd, 'contracts'))
    writeFileSync(join(cwd, 'contracts/orders.json'), '{"colour":"red"}')
    await assert.rejects(buildFunctions({ cwd }), /could not be built\.\ncontracts\/orders\.json: contract\.colour/)
  } finally {
    rmSync(cwd, { recursive: true })
  }
})
