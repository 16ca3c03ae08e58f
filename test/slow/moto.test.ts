// The secrets of a server that others wrote (moto): what the stub of the fast tests says must hold there too.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, test } from 'node:test'
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { Secret } from '../../lib/security/secret.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { accepts, freePort } from '../../local/ports.ts'

const port = await freePort()
const url = `http://127.0.0.1:${port}`
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL_SECRETS_MANAGER: url, AWS_ENDPOINT_URL_SSM: url })
const moto = spawn(process.env.MOTO_SERVER ?? 'moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
const soon = () => Deadline.after(systemClock, 5000)

before(async () => {
  for (const end = Date.now() + 60_000; !(await accepts(port)); ) {
    assert.ok(Date.now() < end && moto.exitCode === null, 'moto_server did not start')
    await new Promise(resolve => setTimeout(resolve, 200))
  }
})
after(() => moto.kill())

test('a secret by ARN, and its new value after it was rotated', async () => {
  const client = new SecretsManagerClient({})
  const { ARN = '' } = await client.send(new CreateSecretCommand({ Name: 'AmazonMSK_alice', SecretString: '{"username":"alice","password":"old"}' }))
  const secret = new Secret(ARN)
  assert.deepEqual(await secret.read(soon()), { username: 'alice', password: 'old' })
  await client.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: '{"username":"alice","password":"new"}' }))
  assert.equal((await secret.read(soon())).password, 'old')
  assert.equal(await secret.renew(soon()), true)
  assert.equal((await secret.read(soon())).password, 'new')
})

test('an encrypted parameter by ARN', async () => {
  await new SSMClient({}).send(new PutParameterCommand({ Name: '/kafka/alice', Type: 'SecureString', Value: '{"username":"alice","password":"p"}' }))
  assert.deepEqual(await new Secret('arn:aws:ssm:us-east-1:123456789012:parameter/kafka/alice').read(soon()), { username: 'alice', password: 'p' })
})

test('what is not there', async () => {
  await assert.rejects(new Secret('arn:aws:secretsmanager:us-east-1:123456789012:secret:none').read(soon()), /can't be read \(ResourceNotFoundException\)/)
  await assert.rejects(new Secret('arn:aws:ssm:us-east-1:123456789012:parameter/none').read(soon()), /can't be read \(ParameterNotFound\)/)
})
