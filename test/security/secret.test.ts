// Secrets: read when first needed, cached, read again once after a refusal; errors never quote them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../lib/security/secret.ts'
import { SecretsServer } from '../fakes/secrets-server.ts'
import { deadlineIn } from '../support/time.ts'

Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' })
async function withServer(work: (server: SecretsServer) => Promise<void>): Promise<void> {
  const server = await SecretsServer.start()
  Object.assign(process.env, server.env)
  try {
    await work(server)
  } finally {
    await server.stop()
  }
}

test('a secret and a parameter are read once, by their ARN', async () => {
  await withServer(async server => {
    const fields = { username: 'ada', password: 'p' }
    for (const arn of [await server.put('AmazonMSK_ada', fields), await server.putParameter('/kafka/ada', fields)]) {
      const secret = new Secret(arn)
      const before = server.reads
      assert.deepEqual(await Promise.all([secret.read(deadlineIn(3000)), secret.read(deadlineIn(3000))]), [
        fields,
        fields,
      ])
      assert.deepEqual(await secret.read(deadlineIn(3000)), fields)
      assert.equal(server.reads - before, 1, arn)
    }
  })
})

test('renew reads the secret again and returns whether it changed; not again for ten seconds', async () => {
  await withServer(async server => {
    const arn = await server.put('a', { username: 'ada', password: 'old' })
    const [same, changed] = [new Secret(arn), new Secret(arn)]
    await Promise.all([same.read(deadlineIn(3000)), changed.read(deadlineIn(3000))])
    assert.equal(await same.renew(deadlineIn(3000)), false)
    await server.put('a', { username: 'ada', password: 'new' })
    assert.equal(await changed.renew(deadlineIn(3000)), true)
    assert.equal((await changed.read(deadlineIn(3000))).password, 'new')
    const reads = server.reads
    assert.equal(await changed.renew(deadlineIn(3000)), false)
    assert.equal(server.reads, reads)
  })
})

test('an error says whether the secret is missing, malformed or late, and quotes nothing of it', async () => {
  await withServer(async server => {
    const says = (pattern: RegExp) => (error: Error) =>
      pattern.test(error.message) && !JSON.stringify(error, Object.getOwnPropertyNames(error)).includes('hunter2')
    await assert.rejects(
      new Secret('arn:aws:secretsmanager:us-east-1:123456789012:secret:none').read(deadlineIn(3000)),
      says(/KAFKA_SECRET_ARN can't be read \(ResourceNotFoundException\)/),
    )
    await assert.rejects(
      new Secret('arn:aws:ssm:us-east-1:123456789012:parameter/none').read(deadlineIn(3000)),
      says(/KAFKA_SECRET_ARN can't be read \(ParameterNotFound\)/),
    )
    for (const value of ['hunter2', '["hunter2"]', { username: 5, password: 'hunter2' }])
      await assert.rejects(
        new Secret(await server.put('b', value)).read(deadlineIn(3000)),
        says(/expected a JSON object of texts: username, password/),
      )
    await assert.rejects(new Secret(await server.put('c', {})).read(deadlineIn(0)), says(/before the deadline/))
  })
})

test('a failed read is not cached', async () => {
  await withServer(async server => {
    const arn = await server.put('late', { username: 'x', password: 'y' })
    const secret = new Secret(arn.replace('late', 'other'))
    await assert.rejects(secret.read(deadlineIn(3000)))
    await server.put('other', { username: 'x', password: 'y' })
    assert.equal((await secret.read(deadlineIn(3000))).username, 'x')
  })
})
