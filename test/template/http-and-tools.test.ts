// Who may send over HTTP, a custom domain; layers, traces and logs of the functions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { oslsForm } from '../../scripts/template/osls-form.ts'
import { contractsFedBy } from '../support/contracts.ts'
import { deployed } from '../support/deployed.ts'

const FEEDS = { orders: { http: true, sqs: [{ queue: 'orders' }] } }
const LAYER = 'arn:aws:lambda:eu-west-1:901920570463:layer:aws-otel-nodejs-arm64-ver-1-30-2:1'
const CERTIFICATE = 'arn:aws:acm:eu-west-1:123456789012:certificate/1'
const refused = (params: string[], says: RegExp) => assert.throws(() => deployed(FEEDS, params), says)
const routesOf = (...params: string[]) =>
  deployed(FEEDS, params).functions.http.events.map(
    ({ httpApi }: { httpApi: { authorizer?: unknown } }) => httpApi.authorizer,
  )

test('every route has the authorizer; none but public has none', () => {
  const issuer = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a'
  const jwt = ['httpAuth=jwt', `jwtIssuer=${issuer}`, 'jwtAudience=a,b']
  assert.deepEqual(new Set(routesOf().map(JSON.stringify)), new Set(['{"type":"aws_iam"}']))
  assert.deepEqual(new Set(routesOf(...jwt).map(JSON.stringify)), new Set(['{"name":"jwt"}']))
  const scoped = routesOf(...jwt, 'jwtScopes=send')
  assert.deepEqual(scoped[0], { name: 'jwt', scopes: ['send'] })
  assert.deepEqual(new Set(routesOf('httpAuth=public')), new Set([undefined]))
  refused(['httpAuth=jwt', `jwtIssuer=${issuer}`], /expected jwtIssuer and jwtAudience too with jwt/)
  refused(['jwtAudience=a'], /jwtAudience: expected httpAuth=jwt;/)
  refused(['jwtIssuer=http://a.b'], /jwtIssuer: expected an https:\/\/ URL/)
})

test('a page may send the headers by which an authorizer’s function knows its caller', () => {
  const env = { KAFKA_BOOTSTRAP_SERVERS: 'a:9092,b:9092', KAFKA_HTTP_CORS_ORIGINS: 'https://shop.example.com' }
  const headersOf = (...params: string[]) => {
    const form = oslsForm(deploymentOf(contractsFedBy(FEEDS), env, readOptions(params)))
    return (form.httpApi as { cors: { allowedHeaders: readonly string[] } }).cors.allowedHeaders
  }
  const always = headersOf()
  const lambda = ['httpAuth=lambda', 'authorizerArn=arn:aws:lambda:eu-west-1:123456789012:function:admit']
  const sources = '$request.header.X-Shop-Key,$request.header.Authorization,$request.querystring.page'
  assert.deepEqual(headersOf(...lambda, `authorizerIdentitySources=${sources}`), [...always, 'x-shop-key'])
  assert.deepEqual(headersOf(...lambda), always)
})

test('a function may admit callers: each route asks it, with payload 2.0 and simple responses', () => {
  const functionArn = 'arn:aws:lambda:eu-west-1:123456789012:function:admit'
  const params = ['httpAuth=lambda', `authorizerArn=${functionArn}`]
  const authorizerOf = (...more: string[]) => {
    const contracts = contractsFedBy(FEEDS)
    const env = { KAFKA_BOOTSTRAP_SERVERS: 'a:9092,b:9092' }
    return oslsForm(deploymentOf(contracts, env, readOptions([...params, ...more]))).httpApi
  }
  const authorizer = {
    type: 'request',
    functionArn,
    payloadVersion: '2.0',
    enableSimpleResponses: true,
    identitySource: ['$request.header.Authorization'],
    resultTtlInSeconds: 0,
  }
  assert.deepEqual(new Set(routesOf(...params).map(JSON.stringify)), new Set(['{"name":"lambda","type":"request"}']))
  assert.deepEqual(authorizerOf(), { cors: false, authorizers: { lambda: authorizer } })
  const identitySource = ['$request.header.X-Key', '$context.routeKey']
  assert.deepEqual(authorizerOf(`authorizerIdentitySources=${identitySource}`, 'authorizerTtlS=60'), {
    cors: false,
    authorizers: { lambda: { ...authorizer, identitySource, resultTtlInSeconds: 60 } },
  })
  refused(['httpAuth=lambda'], /httpAuth: expected authorizerArn too with lambda/)
  refused([...params, 'authorizerIdentitySources=Authorization'], /expected \$request\.header\.…, .*got Authorization/)
  refused([...params, 'authorizerIdentitySources=,'], /authorizerIdentitySources: expected \$request/)
  refused([...params, 'jwtAudience=a'], /jwtAudience: expected httpAuth=jwt/)
})

test('a domain is mapped to the HTTP API; without an API it is refused', () => {
  const params = ['domainName=send.example.com', `certificateArn=${CERTIFICATE}`]
  const { resources } = deployed(FEEDS, params)
  assert.deepEqual(resources.HttpDomainMapping?.Properties, {
    ApiId: { Ref: 'HttpApi' },
    DomainName: { Ref: 'HttpDomain' },
    Stage: { Ref: 'HttpApiStage' },
  })
  assert.equal(resources.HttpDomain?.Properties.DomainNameConfigurations[0].CertificateArn, CERTIFICATE)
  refused(['domainName=send.example.com'], /domainName and certificateArn: expected both or neither/)
  assert.throws(
    () => deployed({ t: { http: false, sqs: [{ queue: 'q' }] } }, params),
    /expected a contract that takes HTTP/,
  )
})

test('every function has the layers, the wrapper, traces with their rights, and the form of the log', () => {
  const { functions, ofType } = deployed(FEEDS, [
    ...[`layers=${LAYER}`, 'execWrapper=/opt/otel-handler', 'tracing=active', 'logFormat=JSON', 'systemLogLevel=WARN'],
  ])
  for (const { layers, environment, tracing, logs } of Object.values(functions)) {
    assert.deepEqual([layers, environment.AWS_LAMBDA_EXEC_WRAPPER, tracing], [[LAYER], '/opt/otel-handler', 'Active'])
    assert.deepEqual(logs, { logFormat: 'JSON', systemLogLevel: 'WARN' })
  }
  for (const { Policies } of ofType('AWS::IAM::Role'))
    assert.match(JSON.stringify(Policies), /"xray:PutTraceSegments","xray:PutTelemetryRecords"\],"Resource":"\*"/)
  const plain = deployed(FEEDS)
  for (const { layers, tracing, logs } of Object.values(plain.functions))
    assert.deepEqual([layers, tracing, logs], [undefined, undefined, undefined])
  assert.ok(!JSON.stringify(plain.resources).includes('xray:'))
  refused([`layers=${Array.from({ length: 6 }, () => LAYER)}`], /layers: expected at most 5, got 6/)
  refused(['logRetentionDays=31'], /logRetentionDays: expected 1, 3, 5, .* or 3653, got 31/)
})
