// VPC Lattice in front of the HTTP function, with the event versions 1.0 and 2.0 of its Lambda targets.
// https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseHttpEvent } from '../../lib/lambda/http-event.ts'
import { contractsOf } from '../support/contracts.ts'
import { httpHarness, recordsOf } from '../support/function-harness.ts'

const BODY = JSON.stringify({ value: { room: 'lobby', user: 'ada', text: 'hi' } })
const HOST = 'producer-3908sdf9u3u.dkfjd93.vpc-lattice-svcs.us-east-2.on.aws'
const arn = (name: string) => `arn:aws:vpc-lattice:us-east-2:123456789012:${name}`

const v1 = (body = BODY, raw_path = '/topics/chat', method = 'POST') => ({
  raw_path,
  method,
  headers: {
    user_agent: 'curl/7.64.1',
    'x-forwarded-for': '10.213.229.10',
    host: HOST,
    accept: '*/*',
    'content-type': 'application/json',
    header2: 'value1,value2',
  },
  query_string_parameters: { 'order-id': '1' },
  body,
  is_base64_encoded: false,
})

const v2 = (body = BODY, path = '/topics/chat', method = 'POST') => ({
  version: '2.0',
  path,
  method,
  headers: {
    'user-agent': ['curl/8.3.0'],
    'x-forwarded-for': ['10.213.229.10'],
    host: [HOST],
    'content-type': ['application/json'],
    traceparent: ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
  },
  queryStringParameters: { 'order-id': ['1'] },
  body,
  isBase64Encoded: false,
  requestContext: {
    serviceNetworkArn: arn('servicenetwork/sn-0bf3f2882e9cc805a'),
    serviceArn: arn('service/svc-0a40eebed65f8d69c'),
    targetGroupArn: arn('targetgroup/tg-6d0ecf831eec9f09'),
    identity: {
      sourceVpcArn: 'arn:aws:ec2:us-east-2:123456789012:vpc/vpc-0b8276c84697e7339',
      type: 'AWS_IAM',
      principal: 'arn:aws:sts::123456789012:assumed-role/shop/057d00f8b51257ba3c853a0f248943cf',
      principalOrgID: 'o-50dc6c495c0c9188',
      sessionName: '057d00f8b51257ba3c853a0f248943cf',
    },
    region: 'us-east-2',
    timeEpoch: `${Date.now()}000`,
  },
})

const VERSIONS = { '1.0': v1, '2.0': v2 }

for (const [version, event] of Object.entries(VERSIONS)) {
  test(`event version ${version}: a record is delivered, and the answer has its form`, async () => {
    const harness = httpHarness()
    const result = await harness.invoke(event())
    assert.deepEqual(Object.keys(result).sort(), [
      'body',
      'headers',
      'isBase64Encoded',
      'statusCode',
      'statusDescription',
    ])
    assert.deepEqual(
      [result.statusCode, result.statusDescription, result.isBase64Encoded, result.headers],
      [200, '200 OK', false, { 'content-type': 'application/json' }],
    )
    assert.equal(JSON.parse(result.body as string).records[0].fate, 'delivered')
    assert.deepEqual(
      recordsOf(harness).map(({ key, value }) => [key, value]),
      [['lobby', JSON.stringify(JSON.parse(BODY).value)]],
    )
  })

  test(`event version ${version}: base64 bodies, a query in the path, and refusals`, async () => {
    const harness = httpHarness()
    const encoded = { ...event(Buffer.from(BODY).toString('base64')), isBase64Encoded: true, is_base64_encoded: true }
    assert.equal((await harness.invoke(encoded)).statusCode, 200)
    assert.equal((await harness.invoke(event(BODY, '/topics/chat?order-id=1'))).statusCode, 200)
    assert.equal((await harness.invoke(event('{'))).statusDescription, '400 Bad Request')
    assert.equal((await harness.invoke(event(BODY, '/topics/nothing'))).statusCode, 404)
    assert.equal((await harness.invoke(event('', '/health', 'GET'))).statusCode, 200)
  })

  test(`event version ${version}: the answer fits the 6 MB that VPC Lattice takes`, async () => {
    const contracts = contractsOf([{ topic: 'open', json: { key: { required: false }, limits: { records: 50_000 } } }])
    const body = (count: number) => `{"records":[${Array.from({ length: count }, () => '{"value":1}').join()}]}`
    const harness = httpHarness({ contracts })
    const refused = await harness.invoke(event(body(40_000), '/topics/open'))
    assert.equal(refused.statusCode, 413)
    const [, most] = /expected at most (\d+) .* fits 6000000 bytes \(the limit of VPC Lattice\)/.exec(
      JSON.parse(refused.body as string).detail,
    ) as RegExpExecArray
    assert.equal(recordsOf(harness).length, 0)
    const taken = await harness.invoke(event(body(Number(most)), '/topics/open'))
    assert.equal(taken.statusCode, 200)
    assert.ok(Buffer.byteLength(JSON.stringify(taken)) <= 6_000_000)
  })
}

test('the principal is that of the context, without its session; headers of version 1.0 name nobody', () => {
  assert.equal(parseHttpEvent(v2())?.principal, 'arn:aws:sts::123456789012:assumed-role/shop')
  const { requestContext, ...event } = v2()
  const unsigned = { ...requestContext, identity: { sourceVpcArn: requestContext.identity.sourceVpcArn } }
  assert.equal(parseHttpEvent({ ...event, requestContext: unsigned })?.principal, undefined)
  const headers = { ...v1().headers, 'x-amzn-lattice-identity': 'Principal=arn:aws:iam::123456789012:user/ada' }
  assert.equal(parseHttpEvent({ ...v1(), headers })?.principal, undefined)
})

test('headers with several values are joined', () => {
  const event = v2()
  const headers = { ...event.headers, 'X-Several': ['a', 'b'] }
  assert.equal(parseHttpEvent({ ...event, headers })?.headers['x-several'], 'a,b')
  assert.equal(parseHttpEvent(v1())?.headers.header2, 'value1,value2')
})
