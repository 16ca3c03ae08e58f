// npm run deploy -- --package: only a whole, unchanged package of this stage and region is deployed, under a new key.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { temporaryFolder } from '../../local/processes.ts'
import { checkPackage, requireNewFolder, stagePackage, writeList } from '../../scripts/deployment/package-folder.ts'

const KEY = 'serverless/kafka-producer/prod/1795762289228-2026-11-27T06:51:29.228Z'
const TARGET = { stage: 'prod', region: 'eu-west-1' }
const root = temporaryFolder()
let count = 0

/** A package as osls writes it, reduced to what is read. */
function packaged(isExample = false, deploymentBucket: object = { deploymentBucket: null }): string {
  const folder = `${root}/${count++}`
  mkdirSync(folder)
  const provider = { ...deploymentBucket }
  const state = { service: { service: 'kafka-producer', provider }, package: { artifactDirectoryName: KEY } }
  writeFileSync(`${folder}/serverless-state.json`, JSON.stringify(state))
  writeFileSync(`${folder}/cloudformation-template-update-stack.json`, JSON.stringify({ S3Key: `${KEY}/http.zip` }))
  writeFileSync(`${folder}/http.zip`, 'zip')
  writeList(TARGET, isExample, folder)
  return folder
}

test('a package of the stage and region passes; without a region named, its own counts', () => {
  const folder = packaged()
  assert.deepEqual(checkPackage(folder, TARGET), TARGET)
  assert.deepEqual(checkPackage(folder, { stage: 'prod', region: undefined }), TARGET)
})

test('a package of another stage or region, or of the example cluster, is refused', () => {
  assert.throws(
    () => checkPackage(packaged(), { stage: 'dev', region: 'us-east-1' }),
    /was packaged for stage prod, expected dev \(--stage\)\.[\s\S]*was packaged for eu-west-1, expected us-east-1/,
  )
  assert.throws(() => checkPackage(packaged(true), TARGET), /was packaged for an example cluster/)
})

test('a folder that is no package, or whose files are missing or changed, is refused', () => {
  assert.throws(
    () => checkPackage(`${root}/none`, TARGET),
    /expected a folder that npm run package wrote, but there is none/,
  )
  const folder = packaged()
  rmSync(`${folder}/deployment.json`)
  assert.throws(() => checkPackage(folder, TARGET), /but it has no deployment\.json/)
  const damaged = packaged()
  writeFileSync(`${damaged}/http.zip`, 'other')
  rmSync(`${damaged}/cloudformation-template-update-stack.json`)
  assert.throws(
    () => checkPackage(damaged, TARGET),
    /is incomplete, cloudformation-template-update-stack\.json is missing\.[\s\S]*http\.zip was changed after/,
  )
})

test('a list that is damaged, or that names a file outside of the folder, is refused', () => {
  for (const list of [
    '',
    '{',
    'null',
    '{}',
    JSON.stringify({ ...TARGET, isExample: false, files: {} }),
    JSON.stringify({ ...TARGET, isExample: false, files: { 'serverless-state.json': 'a', '../x': 'b' } }),
  ]) {
    const folder = packaged()
    writeFileSync(`${folder}/deployment.json`, list)
    assert.throws(() => checkPackage(folder, TARGET), /its deployment\.json is not complete/, list)
  }
})

test('a package is kept in a new folder only', () => {
  assert.throws(() => requireNewFolder(packaged()), /expected a new or empty folder/)
  requireNewFolder(`${root}/new`)
})

test('a staged package has new keys, and the package itself stays as it was', t => {
  t.after(() => rmSync('build/deploy', { recursive: true, force: true }))
  const folder = packaged(false, { deploymentBucket: 'artifacts', deploymentBucketObject: { versioning: true } })
  const before = `${root}/before`
  cpSync(folder, before, { recursive: true })
  const working = stagePackage(folder, new Date('2026-12-01T00:00:00.000Z'))
  const newKey = 'serverless/kafka-producer/prod/1796083200000-2026-12-01T00:00:00.000Z'
  const read = (name: string) => JSON.parse(readFileSync(`${working}/${name}`, 'utf8'))
  assert.equal(read('.serverless/serverless-state.json').package.artifactDirectoryName, newKey)
  assert.equal(read('.serverless/cloudformation-template-update-stack.json').S3Key, `${newKey}/http.zip`)
  assert.ok(existsSync(`${working}/.serverless/http.zip`))
  assert.deepEqual(read('serverless.json').provider, {
    name: 'aws',
    deploymentBucket: { versioning: true, name: 'artifacts' },
  })
  assert.deepEqual(checkPackage(folder, TARGET), TARGET)
  assert.deepEqual(readFileSync(`${folder}/deployment.json`), readFileSync(`${before}/deployment.json`))
})
