// Requests to a token endpoint and its answers. Errors quote no response, token or secret.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { TransportError } from '../../lib/errors.ts'
import { requestToken, type TokenRequest } from '../../lib/security/token-endpoint.ts'
import { TokenServer } from '../fakes/token-server.ts'

const server = await TokenServer.start()
test.after(() => server.stop())

const CLIENT: TokenRequest = {
  url: server.url,
  grant: 'client-credentials',
  scope: 'kafka',
  clientId: 'id:1',
  clientSecret: 'hunter2',
  assertion: undefined,
}
const request = (changes: Partial<TokenRequest> = {}, ms = 5000) =>
  requestToken({ ...CLIENT, ...changes }, AbortSignal.timeout(ms))

async function failureOf(work: Promise<unknown>): Promise<TransportError> {
  const error = await work.then(
    () => assert.fail('expected an error'),
    reason => reason,
  )
  assert.ok(error instanceof TransportError)
  assert.ok(!/hunter2|s3cret/.test(inspect(error, { depth: 9 })))
  return error
}

test('a client secret is sent as RFC 6749 says; the token ends with expires_in', async () => {
  server.answer = () => ({ body: { access_token: 'abc', expires_in: 100 } })
  const { value, expiresAt } = await request()
  const left = (expiresAt ?? 0) - Date.now()
  assert.ok(value === 'abc' && left <= 100_000 && left > 0)
  const { form, headers } = server.requests.at(-1) ?? assert.fail()
  assert.deepEqual(form, { grant_type: 'client_credentials', scope: 'kafka' })
  assert.equal(headers.authorization, `Basic ${Buffer.from('id%3A1:hunter2').toString('base64')}`)
})

test('the digits of expires_in may be text', async () => {
  server.answer = () => ({ body: { access_token: 'abc', expires_in: '100' } })
  const left = ((await request()).expiresAt ?? 0) - Date.now()
  assert.ok(left <= 100_000 && left > 0)
})

test('without expires_in a JWT ends with its own claim; the end of an opaque token is unknown', async () => {
  const jwt = `x.${Buffer.from('{"exp":2000000000}').toString('base64url')}.y`
  server.answer = () => ({ body: { access_token: jwt } })
  assert.equal((await request()).expiresAt, 2_000_000_000_000)
  server.answer = () => ({ body: { access_token: 'opaque' } })
  assert.equal((await request()).expiresAt, undefined)
})

test('an assertion replaces the client secret, or is the grant itself', async () => {
  server.answer = () => ({ body: { access_token: 'abc' } })
  await request({ assertion: 'a.b.c' })
  assert.deepEqual(server.requests.at(-1)?.form, {
    grant_type: 'client_credentials',
    scope: 'kafka',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: 'a.b.c',
    client_id: 'id:1',
  })
  await request({ assertion: 'a.b.c', grant: 'jwt-bearer', clientId: undefined, scope: undefined })
  assert.deepEqual(server.requests.at(-1)?.form, {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: 'a.b.c',
  })
  assert.equal(server.requests.at(-1)?.headers.authorization, undefined)
})

test('a refusal shows the error code of the standard, and nothing else of the answer', async () => {
  server.answer = () => ({ status: 401, body: { error: 'invalid_client', error_description: 's3cret' } })
  const error = await failureOf(request())
  assert.match(error.message, /answered 401 \(invalid_client\): check sasl\.oauthbearer\.client\.credentials/)
  assert.equal(error.retriable, false)
  server.answer = () => ({ status: 400, body: { error: 's3cret' } })
  assert.match((await failureOf(request({ assertion: 'a.b.c' }))).message, /answered 400: check the assertion/)
})

test('an endpoint that is busy, broken or silent can be asked again', async () => {
  for (const status of [429, 500, 503]) {
    server.answer = () => ({ status, body: '<html>s3cret</html>' })
    assert.equal((await failureOf(request())).retriable, true, String(status))
  }
  server.answer = () => 'silence'
  const silent = await failureOf(request({}, 50))
  assert.deepEqual([silent.retriable, /did not answer/.test(silent.message)], [true, true])
})

test('what is no token, no JSON or too long is refused', async () => {
  const answers = [
    { access_token: 's3cret\u0001auth=Bearer other' },
    { access_token: '' },
    { access_token: 7 },
    ['s3cret'],
    's3cret',
    { access_token: 's3cret', pad: 'x'.repeat(300_000) },
  ]
  for (const body of answers) {
    server.answer = () => ({ body })
    assert.match((await failureOf(request())).message, /returned no token|answered 200 without JSON/)
  }
})
