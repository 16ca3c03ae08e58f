// Secrets on an independent server (moto), which must behave like the stub of the fast tests.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { Secret } from '../../lib/security/secret.ts'
import { AWS_TEST_KEYS, startMoto } from '../support/moto.ts'
import { deadlineIn } from '../support/time.ts'

const moto = await startMoto()
Object.assign(process.env, AWS_TEST_KEYS, {
  AWS_ENDPOINT_URL_SECRETS_MANAGER: moto.url,
  AWS_ENDPOINT_URL_SSM: moto.url,
})
after(() => moto.stop())

test('a secret is read by its ARN, and again after its rotation', async () => {
  const client = new SecretsManagerClient({})
  const { ARN = '' } = await client.send(
    new CreateSecretCommand({ Name: 'AmazonMSK_alice', SecretString: '{"username":"alice","password":"old"}' }),
  )
  const secret = new Secret(ARN)
  assert.deepEqual(await secret.read(deadlineIn(5000)), { username: 'alice', password: 'old' })
  await client.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: '{"username":"alice","password":"new"}' }))
  assert.equal((await secret.read(deadlineIn(5000))).password, 'old')
  assert.equal(await secret.renew(deadlineIn(5000)), true)
  assert.equal((await secret.read(deadlineIn(5000))).password, 'new')
})

test('an encrypted parameter is read by its ARN', async () => {
  await new SSMClient({}).send(
    new PutParameterCommand({
      Name: '/kafka/alice',
      Type: 'SecureString',
      Value: '{"username":"alice","password":"p"}',
    }),
  )
  assert.deepEqual(
    await new Secret('arn:aws:ssm:us-east-1:123456789012:parameter/kafka/alice').read(deadlineIn(5000)),
    {
      username: 'alice',
      password: 'p',
    },
  )
})

test('a missing secret or parameter is an error with the service’s name for it', async () => {
  await assert.rejects(
    new Secret('arn:aws:secretsmanager:us-east-1:123456789012:secret:none').read(deadlineIn(5000)),
    /can't be read \(ResourceNotFoundException\)/,
  )
  await assert.rejects(
    new Secret('arn:aws:ssm:us-east-1:123456789012:parameter/none').read(deadlineIn(5000)),
    /can't be read \(ParameterNotFound\)/,
  )
})
