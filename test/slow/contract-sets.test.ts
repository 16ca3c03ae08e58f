// Ten sets of contracts: osls packages them, cfn-lint finds nothing in their templates, and an emulation of IAM, SQS
// and EventBridge (moto) takes their roles, policies, queues and rules.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge'
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { buildAll } from '../../scripts/build.ts'
import { osls } from '../../scripts/deployment/osls.ts'
import type { Deployment, RolePolicies } from '../../scripts/template/deployment-model.ts'
import { oslsForm } from '../../scripts/template/osls-form.ts'
import { type Template, templateProblems } from '../../scripts/template/template-limits.ts'
import { CONTRACT_SETS, deploymentFrom, templateFrom } from '../support/contract-sets.ts'
import { AWS_TEST_KEYS, startMoto } from '../support/moto.ts'

/** Those in which parts that osls adds to others are missing. */
const PACKAGED = ['EventBridge only', 'look-alike names']

const moto = await startMoto()
Object.assign(process.env, AWS_TEST_KEYS, {
  AWS_ENDPOINT_URL_SQS: moto.url,
  AWS_ENDPOINT_URL_EVENTBRIDGE: moto.url,
})
after(() => moto.stop())

const sqs = new SQSClient({})
const events = new EventBridgeClient({})

/** IAM's own client is not installed. */
async function iam(Action: string, parameters: Record<string, string>): Promise<string> {
  const response = await fetch(moto.url, {
    method: 'POST',
    body: new URLSearchParams({ Action, Version: '2010-05-08', ...parameters }),
    headers: { authorization: 'AWS4-HMAC-SHA256 Credential=k/20261127/us-east-1/iam/aws4_request' },
  })
  const text = await response.text()
  assert.ok(response.ok, `${Action} ${parameters.RoleName}: ${text}`)
  return text
}

/** What CloudFormation makes of an expression, for queues that are there already. */
function evaluated(value: unknown, arns: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map(each => evaluated(each, arns))
  if (typeof value !== 'object' || value === null) return value
  const { 'Fn::GetAtt': attribute, 'Fn::Sub': text, Ref: ref } = value as Record<string, unknown>
  if (Array.isArray(attribute)) return arns.get(attribute[0]) ?? assert.fail(`${attribute[0]}: no such queue`)
  const pseudo: Record<string, string> = { Partition: 'aws', Region: 'us-east-1', AccountId: '123456789012' }
  if (typeof ref === 'string')
    return arns.get(ref) ?? pseudo[ref.replace('AWS::', '')] ?? assert.fail(`${ref}: no such resource`)
  if (typeof text === 'string')
    return text
      .replaceAll(/\$\{(\w+)\.Arn\}/g, (_, id: string) => arns.get(id) ?? assert.fail(`${id}: no such resource`))
      .replaceAll(/\$\{AWS::(\w+)\}/g, (_, name: string) => pseudo[name] as string)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, evaluated(each, arns)]))
}

/** Creates the queues with the properties of the template, those of source DLQs before their sources. */
async function createQueues({ queues }: Deployment, resources: Resources): Promise<Map<string, string>> {
  const arns = new Map<string, string>()
  for (const { id, queueName } of queues.toSorted((a, b) => Number(!!a.redrive) - Number(!!b.redrive))) {
    const { QueueName: _, ...properties } = resources[id]?.Properties ?? {}
    const textOf = (value: unknown) =>
      typeof value === 'object' ? JSON.stringify(evaluated(value, arns)) : String(value)
    const Attributes = Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, textOf(value)]))
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: queueName ?? id, Attributes }))
    const created = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }))
    arns.set(id, created.Attributes?.QueueArn as string)
  }
  return arns
}

type Resources = Readonly<Record<string, { readonly Type: string; readonly Properties?: Record<string, unknown> }>>

const document = ({ statements }: Pick<RolePolicies, 'statements'>, arns: ReadonlyMap<string, string>) =>
  JSON.stringify({ Version: '2012-10-17', Statement: evaluated(statements, arns) })

async function createRoles({ functions }: Deployment, resources: Resources, arns: ReadonlyMap<string, string>) {
  for (const { role } of functions) {
    const { AssumeRolePolicyDocument } = resources[role.id]?.Properties ?? {}
    const RoleName = role.id
    await iam('CreateRole', { RoleName, AssumeRolePolicyDocument: JSON.stringify(AssumeRolePolicyDocument) })
    await iam('PutRolePolicy', { RoleName, PolicyName: 'function', PolicyDocument: document(role, arns) })
    for (const policy of role.managedPolicies) {
      const answer = await iam('CreatePolicy', { PolicyName: policy.id, PolicyDocument: document(policy, arns) })
      const [, PolicyArn = ''] = /<Arn>(.*)<\/Arn>/.exec(answer) ?? []
      await iam('AttachRolePolicy', { RoleName, PolicyArn })
    }
  }
}

async function createRules({ rules }: Deployment, arns: ReadonlyMap<string, string>) {
  for (const { name: Name, pattern, dlqId } of rules) {
    await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify(pattern) }))
    const Arn = 'arn:aws:lambda:us-east-1:123456789012:function:f'
    const target = { Id: 'function', Arn, DeadLetterConfig: { Arn: arns.get(dlqId) } }
    const { FailedEntryCount } = await events.send(new PutTargetsCommand({ Rule: Name, Targets: [target] }))
    assert.equal(FailedEntryCount, 0)
  }
}

for (const [name, feeds] of Object.entries(CONTRACT_SETS))
  test(`${name}: its roles, policies, queues and rules are created`, async () => {
    await fetch(`${moto.url}/moto-api/reset`, { method: 'POST' })
    const deployment = deploymentFrom(feeds)
    const { Resources } = templateFrom(deployment)
    const arns = await createQueues(deployment, Resources)
    assert.equal(new Set(arns.values()).size, deployment.queues.length)
    for (const [id, { Type }] of Object.entries(Resources))
      if (Type === 'AWS::S3::Bucket') arns.set(id, `arn:aws:s3:::${id.toLowerCase()}`)
    await createRoles(deployment, Resources, arns)
    await createRules(deployment, arns)
    const withPolicy = deployment.queuePolicies.flatMap(({ id, queueIds }) => queueIds.map(queueId => [id, queueId]))
    assert.deepEqual(withPolicy.map(([, queueId]) => queueId).sort(), deployment.queues.map(({ id }) => id).sort())
    for (const [id = '', queueId = ''] of withPolicy) {
      const { PolicyDocument } = Resources[id]?.Properties ?? {}
      const QueueUrl = `${moto.url}/123456789012/${arns.get(queueId)?.split(':').at(-1)}`
      const Policy = JSON.stringify(evaluated(PolicyDocument, arns))
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }))
    }
  })

test('moto refuses a policy without a resource, as IAM does', async () => {
  await iam('CreateRole', { RoleName: 'control', AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}' })
  const statements = [{ Effect: 'Allow' as const, Action: ['sqs:SendMessage'], Resource: [] }]
  const PolicyDocument = document({ statements }, new Map())
  await assert.rejects(
    iam('PutRolePolicy', { RoleName: 'control', PolicyName: 'p', PolicyDocument }),
    /must contain res/,
  )
})

for (const name of PACKAGED)
  test(`${name}: osls packages exactly what the contracts feed`, async () => {
    if (!existsSync('dist/functions/http/index.mjs')) await buildAll(() => {})
    const feeds = CONTRACT_SETS[name] as (typeof CONTRACT_SETS)[string]
    const ofHttp = Object.values(feeds).some(({ http }) => http) ? ['httpRateLimit=5'] : []
    const params = ['kmsKeyArn=arn:aws:kms:eu-west-1:123456789012:key/1', 'tags=team=data', ...ofHttp]
    const deployment = deploymentFrom(feeds, params)
    mkdirSync('build', { recursive: true })
    writeFileSync('build/serverless.json', JSON.stringify(oslsForm(deployment)))
    osls('package', { stage: 'dev', region: 'eu-west-1' }, [])
    const path = '.serverless/cloudformation-template-update-stack.json'
    const packaged = JSON.parse(readFileSync(path, 'utf8')) as Template
    assert.deepEqual(templateProblems(packaged), [])
    for (const [id, { Type }] of Object.entries(templateFrom(deployment).Resources))
      assert.equal(packaged.Resources[id]?.Type, Type, id)
    const ofType = (type: string) => Object.values(packaged.Resources).filter(({ Type }) => Type === type)
    const names = ofType('AWS::Lambda::Function').map(({ Properties }) => Properties?.FunctionName)
    assert.deepEqual(names.sort(), deployment.functions.map(({ functionName }) => functionName).sort())
    assert.equal(ofType('AWS::ApiGatewayV2::Api').length, deployment.routes.length > 0 ? 1 : 0)
    for (const { key } of deployment.functions) assert.ok(existsSync(`.serverless/${key}.zip`))
  })

test('cfn-lint finds nothing in any of the templates', t => {
  const folder = '.local/contract-sets'
  mkdirSync(folder, { recursive: true })
  t.after(() => rmSync(folder, { recursive: true }))
  const paths = Object.entries(CONTRACT_SETS).map(([name, feeds]) => {
    const path = `${folder}/${name.replaceAll(' ', '-')}.json`
    const { Resources, Outputs } = templateFrom(deploymentFrom(feeds))
    writeFileSync(path, JSON.stringify({ Resources, Outputs }))
    return path
  })
  const lint = spawnSync(process.env.CFN_LINT ?? 'cfn-lint', ['--', ...paths], { encoding: 'utf8' })
  assert.equal(lint.stdout + lint.stderr, '')
})
