// Sets of contracts that a template must be able to deploy.
import type { Contracts } from '../../lib/contracts/contract.ts'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import type { Deployment } from '../../scripts/template/deployment-model.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { oslsForm } from '../../scripts/template/osls-form.ts'
import type { Template } from '../../scripts/template/template-limits.ts'
import { contractsFedBy } from './contracts.ts'

export const MSK_IAM = {
  KAFKA_MSK_CLUSTER_ARN: 'arn:aws:kafka:eu-west-1:123456789012:cluster/example/00000000-0000-4000-8000-000000000000-1',
  KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
  KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM',
}

interface From {
  readonly http?: true
  readonly queues?: readonly string[]
  /** Sources of EventBridge. */
  readonly events?: readonly string[]
}

export function contractsFrom(feeds: Readonly<Record<string, From>>): Contracts {
  const fromOf = ({ http, queues = [], events = [] }: From) => ({
    http: http === true,
    ...(queues.length > 0 ? { sqs: queues.map(queue => ({ queue })) } : {}),
    ...(events.length > 0 ? { eventbridge: events.map(source => ({ source: [source] })) } : {}),
  })
  return contractsFedBy(Object.fromEntries(Object.entries(feeds).map(([topic, feed]) => [topic, fromOf(feed)])))
}

const numbered = (count: number, entry: (n: number) => [string, From]) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => entry(n)))

/** Every second one is a FIFO queue. */
const queueOf = (n: number) => (n % 2 === 0 ? `team-${n}-orders` : `team-${n}-orders.fifo`)

export const CONTRACT_SETS: Readonly<Record<string, Readonly<Record<string, From>>>> = {
  'HTTP only': { orders: { http: true } },
  'one queue': { orders: { queues: ['orders'] } },
  'FIFO only': { orders: { queues: ['orders.fifo'] } },
  'EventBridge only': { orders: { events: ['shop.orders', 'shop.returns'] } },
  '100 topics': numbered(100, n => [`payments-settlements-${String(n).padStart(5, '0')}`, { http: true }]),
  'look-alike names': {
    a_b: { http: true, queues: ['a_b', 'orders.fifo'], events: ['a_b'] },
    'a-b': { http: true, queues: ['a-b', 'orders-fifo'], events: ['a-b'] },
    aB: { http: true, queues: ['aB', 'orders_fifo'], events: ['aB'] },
    ab: { http: true, queues: ['ab', 'ordersFifo.fifo'], events: ['ab'] },
    AB: { http: true, queues: ['AB', 'AB.fifo'], events: ['AB'] },
  },
  'names of the template': {
    letters: {
      queues: ['dead-letters', 'event-failures', 'event-rule-failures', 'redrive-lease', 'redrive-lease.fifo'],
    },
  },
  'topics of 249 letters': numbered(45, n => [
    `${'t'.repeat(245)}-${String(n).padStart(3, '0')}`,
    { http: true, events: [`shop-${n}`], ...(n < 10 ? { queues: [`${'q'.repeat(70)}-${n}`] } : {}) },
  ]),
  'all but HTTP': { orders: { queues: ['orders', 'orders.fifo'], events: ['shop.orders'] } },
  everything: numbered(60, n => [
    `team-${n}.orders`,
    { http: true, queues: [queueOf(n)], ...(n % 3 === 0 ? { events: [`shop-${n}`] } : {}) },
  ]),
}

export function deploymentFrom(feeds: Readonly<Record<string, From>>, params: readonly string[] = []): Deployment {
  return deploymentOf(contractsFrom(feeds), MSK_IAM, readOptions(params))
}

/** The resources of a deployment with the functions: what osls packages, without log groups and routes. */
export function templateFrom(deployment: Deployment): Template {
  const { resources } = oslsForm(deployment) as { resources: Template }
  const functions = deployment.functions.map(each => [
    each.id,
    {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: each.functionName,
        Code: { S3Bucket: 'bucket', S3Key: 'key' },
        Handler: 'index.handler',
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        MemorySize: each.memoryMb,
        Timeout: each.timeoutS,
        Role: { 'Fn::GetAtt': [each.role.id, 'Arn'] },
        Environment: { Variables: each.environment },
      },
    },
  ])
  const api = { HttpApi: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'api', ProtocolType: 'HTTP' } } }
  const ofOsls = { ...Object.fromEntries(functions), ...(deployment.routes.length > 0 ? api : {}) }
  return { ...resources, Resources: { ...resources.Resources, ...ofOsls } }
}
