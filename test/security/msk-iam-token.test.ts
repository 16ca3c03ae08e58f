// Tokens for MSK IAM: a lifetime in whole seconds, never close to its end; nothing waits beyond the deadline.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { MskIamToken } from '../../lib/security/msk-iam-token.ts'
import { deadlineIn, isDoneWithin } from '../support/time.ts'

process.env.AWS_EC2_METADATA_DISABLED = 'true'
const expires = (token: string) => new URL(Buffer.from(token, 'base64url').toString()).searchParams.get('X-Amz-Expires')

async function withKeys<T>(expiresInMs: number | undefined, work: () => Promise<T>): Promise<T> {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 's' })
  if (expiresInMs !== undefined)
    process.env.AWS_CREDENTIAL_EXPIRATION = new Date(Date.now() + expiresInMs).toISOString()
  try {
    return await work()
  } finally {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_CREDENTIAL_EXPIRATION'])
      delete process.env[name]
  }
}

test('a token lasts 15 minutes, or as long as the credentials, in whole seconds', async () => {
  assert.equal(
    await withKeys(undefined, async () => expires(await new MskIamToken('us-east-1', 'name').get(deadlineIn(3000)))),
    '900',
  )
  assert.equal(
    await withKeys(3_600_500, async () => expires(await new MskIamToken('us-east-1', 'name').get(deadlineIn(3000)))),
    '900',
  )
  for (let n = 0; n < 20; n++) {
    const seconds = await withKeys(300_700 + n, async () =>
      expires(await new MskIamToken('us-east-1', 'name').get(deadlineIn(3000))),
    )
    assert.match(seconds ?? '', /^(299|300)$/)
  }
})

test('credentials that expire within a minute, or none at all, are an error that says so', async () => {
  await assert.rejects(
    withKeys(59_000, () => new MskIamToken('us-east-1', 'name').get(deadlineIn(3000))),
    /have less than 60 s left/,
  )
  await assert.rejects(
    new MskIamToken('us-east-1', 'name').get(deadlineIn(3000)),
    /AWS_MSK_IAM can't be found: expected the function's role/,
  )
})

test('waiting for a silent credentials source ends at the deadline', async () => {
  const silent = createServer(() => {})
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  silent.unref()
  process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`
  const late = assert.rejects(new MskIamToken('us-east-1', 'name').get(deadlineIn(300)), /before the deadline/)
  assert.ok(await isDoneWithin(3000, late))
  delete process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI
  silent.closeAllConnections()
  silent.close()
})
