// npm run deploy and remove on moto: a package is deployed, an earlier one again, then the later one; the stack goes.
// The checks of verify:aws run against moto, which does not run functions.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { awsAccount } from '../../scripts/verify-aws/aws-account.ts'
import { startMoto } from '../support/moto.ts'

const FUNCTION = 'kafka-producer-rehearsal-http'
const REGION = 'eu-west-1'

function npm(script: string, args: readonly string[], env: Record<string, string>) {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '-s', script, '--', '--stage', 'rehearsal', ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: process.env.HOME, AWS_EC2_METADATA_DISABLED: 'true', ...env },
  })
  return { status, output: stdout + stderr }
}

/** Packages for a cluster with these brokers, into a folder of its own. */
function packaged(t: TestContext, name: string, brokers: string): string {
  const folder = `.local/packages/${name}`
  rmSync(folder, { recursive: true, force: true })
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { status, output } = npm('package', ['--region', REGION, '--package', folder], {
    KAFKA_BOOTSTRAP_SERVERS: brokers,
    KAFKA_SECURITY_PROTOCOL: 'SSL',
  })
  assert.equal(status, 0, output)
  return folder
}

/** Each call of verify:aws that needs no function to run: of an event, moto would run its target. */
async function rehearseVerification(packageFolder: string, motoUrl: string): Promise<void> {
  const target = { stage: 'rehearsal', region: REGION }
  const account = awsAccount({
    target,
    service: 'kafka-producer',
    packageFolder,
    profile: undefined,
    oslsOptions: () => [],
  })
  assert.equal(await account.accountId(), '123456789012')
  const { resources = [] } = (await account.findStack()) ?? {}
  const idOf = (id: string) => resources.find(({ logicalId }) => logicalId === id)?.physicalId ?? ''
  // moto names queues as AWS does, and the client takes the URL for the endpoint.
  const queueUrl = (id: string) => `${motoUrl}${new URL(idOf(id)).pathname}`
  for (const [id, groupId] of [
    ['EarthquakesQueue', undefined],
    ['ChatFifoQueue', 'lobby'],
  ] as const) {
    const before = await account.queueDepth(queueUrl(id))
    await account.sendMessage(queueUrl(id), '{}', groupId)
    assert.equal(await account.queueDepth(queueUrl(id)), before + 1, id)
  }
  const before = await account.setEnvironment(FUNCTION, { KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9' })
  assert.equal(before.KAFKA_BOOTSTRAP_SERVERS, 'd:9094,e:9094,f:9094')
  const broken = await account.setEnvironment(FUNCTION, before)
  assert.deepEqual(broken, { ...before, KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9' })
  assert.deepEqual(await account.setEnvironment(FUNCTION, {}), before)
  const bucket = resources.find(({ type }) => type === 'AWS::S3::Bucket')
  assert.ok((await account.objectCount(bucket?.physicalId ?? '')) > 0)
  assert.equal(await account.logHas(FUNCTION, '"delivered"', 0), false)
}

test('deploy, roll back, roll forward and remove', async t => {
  const first = packaged(t, 'first', 'a:9094,b:9094,c:9094')
  const second = packaged(t, 'second', 'd:9094,e:9094,f:9094')
  const moto = await startMoto('stacks')
  t.after(() => moto.stop())
  const account = { AWS_ENDPOINT_URL: moto.url, AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' }
  const deployedBrokers = async () => {
    const response = await fetch(`${moto.url}/2015-03-31/functions/${FUNCTION}/configuration`, {
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=k/20261127/${REGION}/lambda/aws4_request` },
    })
    const { Environment } = (await response.json()) as { Environment?: { Variables: Record<string, string> } }
    return Environment?.Variables.KAFKA_BOOTSTRAP_SERVERS
  }
  // A package needs neither the settings nor the build of this folder.
  rmSync('dist/functions', { recursive: true, force: true })
  for (const [folder, brokers] of [
    [first, 'a:9094,b:9094,c:9094'],
    [second, 'd:9094,e:9094,f:9094'],
    [first, 'a:9094,b:9094,c:9094'],
    [second, 'd:9094,e:9094,f:9094'],
  ] as const) {
    const { status, output } = npm('deploy', ['--package', folder], account)
    assert.equal(status, 0, output)
    assert.equal(await deployedBrokers(), brokers, output)
  }
  assert.ok(!existsSync('dist/functions'))

  Object.assign(process.env, account)
  await rehearseVerification(second, moto.url)

  const region = ['--region', REGION]
  const unconfirmed = npm('verify:aws', ['--package', second, '--account', '123456789012'], account)
  assert.match(unconfirmed.output, /expected --account <id> and --yes/)
  const existing = npm('verify:aws', ['--package', second, '--account', '123456789012', '--yes'], account)
  assert.match(existing.output, /--stage: expected one without a stack/)
  const asked = npm('remove', region, account)
  assert.equal(asked.status, 1)
  assert.match(asked.output, /AWS::SQS::Queue +\S+earthquakes/)
  assert.match(asked.output, /Nothing was removed\. Repeat the command with --yes/)
  assert.equal(await deployedBrokers(), 'd:9094,e:9094,f:9094')
  const removed = npm('remove', [...region, '--yes'], account)
  assert.equal(removed.status, 0, removed.output)
  assert.equal(await deployedBrokers(), undefined)
  const again = npm('remove', [...region, '--yes'], account)
  assert.match(again.output, /There is no stack kafka-producer-rehearsal in eu-west-1/)
})
