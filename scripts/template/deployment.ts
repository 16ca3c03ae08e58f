// Derives functions, queues, rules, routes and permissions from contracts and settings. Pure.
import { ROUTES } from '../../functions/http/routes.ts'
import { readOrigins } from '../../lib/config/origins.ts'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { withQueuePrefix } from '../../lib/contracts/queue-prefix.ts'
import type { Target } from '../deployment/osls.ts'
import { alarmsOf, compositeAlarmsOf } from './alarms.ts'
import type { Deployment } from './deployment-model.ts'
import { environmentOf } from './environment.ts'
import { checkExistingQueues } from './existing-queues.ts'
import { failureDestinationsOf } from './failure-destinations.ts'
import { commonEnvironment, functionsOf } from './functions.ts'
import { gradualDeploymentOf } from './gradual-deployment.ts'
import { checkDeployment } from './limits.ts'
import { mappingOf } from './mappings.ts'
import { checkNamed } from './named-parameters.ts'
import { prefixOf } from './naming.ts'
import type { DeployOptions } from './options.ts'
import { queuePoliciesOf } from './queue-policies.ts'
import { queuesOf } from './queues.ts'
import { permissionOfRules, rulesOf, scheduleOf, senderOfRules } from './rules.ts'

const EXAMPLE_TARGET: Target = { stage: 'dev', region: 'eu-west-1' }

/**
 * Creates the model.
 * @throws ConfigError for settings that a function would refuse at init, and for what AWS would refuse
 */
export function deploymentOf(
  allContracts: Contracts,
  env: NodeJS.ProcessEnv,
  options: DeployOptions,
  { stage, region }: Target = EXAMPLE_TARGET,
): Deployment {
  const {
    KAFKA_REDRIVE_ALLOW: redriveAllow,
    KAFKA_HTTP_CORS_ORIGINS: corsOrigins,
    ...settings
  } = environmentOf(env, allContracts, options)
  const prefix = prefixOf({ service: options.serviceName, stage })
  const contracts = [...withQueuePrefix(allContracts, settings.KAFKA_QUEUE_PREFIX ?? '').values()]
  const sources = contracts.flatMap(({ topic, sqs }) => sqs.map(({ queue }) => ({ queue, topic })))
  const queues = sources.map(({ queue }) => queue)
  checkExistingQueues(queues, options)
  const rules = rulesOf(prefix, contracts, options)
  const schedule = scheduleOf(options)
  const destinations = failureDestinationsOf(rules.length > 0, options)
  const inputs = { prefix, contracts, queues, destinations, settings, redriveAllow, env, options }
  const functions = functionsOf(inputs)
  checkNamed(options, { functions: functions.map(({ key }) => key), queues })
  const observed = {
    functions,
    queues: queuesOf(prefix, sources, destinations, options),
    rules,
    routes: contracts.some(({ http }) => http) ? ROUTES : [],
    options,
  }
  const alarms = alarmsOf(observed)
  return checkDeployment({
    ...observed,
    prefix,
    region,
    environment: commonEnvironment(inputs),
    buckets: destinations.buckets,
    queuePolicies: queuePoliciesOf(observed.queues, senderOfRules(prefix, rules), options),
    mappings: queues.map(queue => mappingOf(queue, options)),
    schedule: schedule?.schedule,
    permissions: [...permissionOfRules(prefix, rules), ...(schedule ? [schedule.permission] : [])],
    alarms,
    compositeAlarms: compositeAlarmsOf(alarms),
    gradual: gradualDeploymentOf(functions, alarms, options),
    corsOrigins: corsOrigins === undefined ? undefined : (readOrigins(corsOrigins) as readonly string[]),
  })
}
