// What follows from contracts and settings: functions, queues, rules, routes and rights. Pure.
import { ROUTES } from '../../functions/http/routes.ts'
import { readOrigins } from '../../lib/config/origins.ts'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { withQueuePrefix } from '../../lib/contracts/queue-prefix.ts'
import type { Deployment } from './deployment-model.ts'
import { environmentOf } from './environment.ts'
import { checkExistingQueues } from './existing-queues.ts'
import { commonEnvironment, functionsOf } from './functions.ts'
import { checkDeployment } from './limits.ts'
import { prefixOf } from './naming.ts'
import type { DeployOptions } from './options.ts'
import { mappingOf, queuesOf } from './queues.ts'
import { permissionOfRules, policyOfRules, rulesOf, scheduleOf } from './rules.ts'

/** @throws ConfigError for settings that a function would refuse at init, and for what AWS would refuse */
export function deploymentOf(
  allContracts: Contracts,
  env: NodeJS.ProcessEnv,
  options: DeployOptions,
  stage = 'dev',
): Deployment {
  const {
    KAFKA_REDRIVE_ALLOW: redriveAllow,
    KAFKA_HTTP_CORS_ORIGINS: corsOrigins,
    ...settings
  } = environmentOf(env, allContracts)
  const prefix = prefixOf({ service: options.serviceName, stage })
  const contracts = [...withQueuePrefix(allContracts, settings.KAFKA_QUEUE_PREFIX ?? '').values()]
  const sources = contracts.flatMap(({ topic, sqs }) => sqs.map(({ queue }) => ({ queue, topic })))
  checkExistingQueues(
    sources.map(({ queue }) => queue),
    options,
  )
  const rules = rulesOf(prefix, contracts, options)
  const schedule = scheduleOf(options)
  const inputs = { prefix, contracts, settings, redriveAllow, env, options }
  return checkDeployment({
    prefix,
    options,
    environment: commonEnvironment(inputs),
    functions: functionsOf(inputs),
    queues: queuesOf(prefix, sources, rules.length > 0, options),
    queuePolicies: policyOfRules(prefix, rules),
    mappings: sources.map(({ queue }) => mappingOf(queue.endsWith('.fifo') ? 'sqs-fifo' : 'sqs', queue, options)),
    rules,
    schedule: schedule?.schedule,
    permissions: [...permissionOfRules(prefix, rules), ...(schedule ? [schedule.permission] : [])],
    routes: contracts.some(({ http }) => http) ? ROUTES : [],
    corsOrigins: corsOrigins === undefined ? undefined : (readOrigins(corsOrigins) as readonly string[]),
  })
}
