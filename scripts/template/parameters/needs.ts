// What parameters apply to. A parameter without it would be accepted but do nothing, so it is refused.
import type { Deployment } from '../deployment-model.ts'
import { DEFAULTS, type DeployOptions } from '../options.ts'
import { GATEWAY_ENDPOINTS, hasInterfaceEndpoints, INTERFACE_ENDPOINTS } from '../vpc-endpoints.ts'
import type { ByName, NeedName } from './parameter.ts'
import { PARAMETER_ROWS } from './table.ts'

interface Need {
  /** Completes "expected …". */
  readonly what: string
  readonly isMet: (deployment: Deployment) => boolean
}

const byOptions = (what: string, isMet: (options: DeployOptions) => boolean): Need => ({
  what,
  isMet: ({ options }) => isMet(options),
})

const NEEDS: Readonly<Record<NeedName, Need>> = {
  http: { what: 'a contract that takes HTTP (from.http)', isMet: ({ routes }) => routes.length > 0 },
  jwt: byOptions('httpAuth=jwt', ({ httpAuth }) => httpAuth === 'jwt'),
  lambda: byOptions('httpAuth=lambda', ({ httpAuth }) => httpAuth === 'lambda'),
  trigger: {
    what: 'a contract that something feeds (from)',
    isMet: ({ functions }) => functions.some(({ key }) => key !== 'redrive'),
  },
  queue: { what: 'a contract with a queue (from.sqs)', isMet: ({ mappings }) => mappings.length > 0 },
  'own-queue': {
    what: 'a contract with a queue (from.sqs) that is none of existingQueues',
    isMet: ({ queues }) => queues.some(({ holds }) => holds === 'source'),
  },
  'own-fifo-queue': {
    what: 'a contract with a FIFO queue (from.sqs) that is none of existingQueues',
    isMet: ({ queues }) => queues.some(({ holds, isFifo }) => holds === 'source' && isFifo),
  },
  'standard-queue': {
    what: 'a contract with a queue (from.sqs) that is no FIFO queue',
    isMet: ({ mappings }) => mappings.some(each => each.function === 'sqs'),
  },
  'queue-without-pollers': {
    what: 'a contract with a queue (from.sqs) that has no maximumPollers',
    isMet: ({ mappings }) => mappings.some(({ pollers }) => pollers === undefined),
  },
  'existing-queues': byOptions('existingQueues too', ({ existingQueues }) => existingQueues.length > 0),
  events: { what: 'a contract with events (from.eventbridge)', isMet: ({ rules }) => rules.length > 0 },
  'default-bus': {
    what: 'a contract with events (from.eventbridge) that names no bus',
    isMet: ({ rules, options }) => rules.some(({ bus }) => bus === options.eventBus),
  },
  layers: byOptions('layers too, one of which has the program', ({ layers }) => layers.length > 0),
  'json-logs': byOptions('logFormat=JSON too', ({ logFormat }) => logFormat === 'JSON'),
  endpoints: byOptions('vpcEndpoints too', ({ vpcEndpoints }) => vpcEndpoints.length > 0),
  'gateway-endpoints': byOptions(`vpcEndpoints with ${GATEWAY_ENDPOINTS.join(' or ')} too`, ({ vpcEndpoints }) =>
    vpcEndpoints.some(service => GATEWAY_ENDPOINTS.includes(service)),
  ),
  'interface-endpoints': byOptions(
    `vpcEndpoints with one of ${INTERFACE_ENDPOINTS.join(', ')} too`,
    hasInterfaceEndpoints,
  ),
  'file-system': byOptions('efsAccessPointArn too', ({ efsAccessPointArn }) => efsAccessPointArn !== undefined),
  subnets: byOptions('subnetIds too', ({ subnetIds }) => subnetIds.length > 0),
  targets: {
    what: 'KAFKA_DEAD_LETTER with s3 or dynamodb, or KAFKA_DEAD_LETTER_NOTIFY too',
    isMet: ({ environment: { KAFKA_DEAD_LETTER: targets, KAFKA_DEAD_LETTER_NOTIFY: notify } }) =>
      notify !== undefined || /[",](s3|dynamodb):/.test(JSON.stringify(targets)),
  },
  secret: { what: 'KAFKA_SECRET_ARN too', isMet: ({ environment }) => environment.KAFKA_SECRET_ARN !== undefined },
}

/** @returns one line per parameter whose value would have no effect */
export function needProblems(deployment: Deployment): string[] {
  const { options, corsOrigins } = deployment
  const problemOf = (name: string, needs: NeedName, within = deployment) =>
    NEEDS[needs].isMet(within)
      ? []
      : [`${name}: expected ${NEEDS[needs].what}; without it ${name.replace('--param ', '')} has no effect.`]
  return [
    // A setting and not a parameter, but in the template it is one of the HTTP API.
    ...(corsOrigins === undefined ? [] : problemOf('KAFKA_HTTP_CORS_ORIGINS', 'http')),
    ...PARAMETER_ROWS.flatMap(([name, { needs, scope }]) => {
      const value = options[name]
      if (needs === undefined || JSON.stringify(value) === JSON.stringify(DEFAULTS[name])) return []
      const problems = problemOf(`--param ${name}`, needs)
      if (problems.length > 0 || scope !== 'queue') return problems
      const queues = Object.keys((value as ByName<unknown>).of)
      return queues.flatMap(queue => problemOf(`--param ${name}.${queue}`, needs, withOnly(queue, deployment)))
    }),
  ]
}

function withOnly(queue: string, deployment: Deployment): Deployment {
  return {
    ...deployment,
    queues: deployment.queues.filter(({ queueName }) => queueName === queue),
    mappings: deployment.mappings.filter(mapping => mapping.queue === queue),
  }
}
