// Dead letters → Kafka. Wiring only. It closes its connections after each invocation, because it runs rarely.
import middy from '@middy/core'
import { contracts as compiledContracts } from '#contracts'
import { loadConfig } from '../../lib/config/load-config.ts'
import { withQueuePrefix } from '../../lib/contracts/queue-prefix.ts'
import { ConfigError } from '../../lib/errors.ts'
import { InvocationLog } from '../../lib/lambda/invocation-log.ts'
import { configProblems } from '../config-problems.ts'
import { handleRedrive } from './handle-redrive.ts'

const log = new InvocationLog(process.env.POWERTOOLS_SERVICE_NAME || 'redrive')
const config = await loadConfig({}, process.env, log.warn)
const contracts = withQueuePrefix(compiledContracts, config.queuePrefix)
const problems = configProblems(config, contracts)
if (problems.length > 0) throw new ConfigError(problems)

export const handler = middy().handler((event, context) => handleRedrive(event, context, { config, contracts, log }))
