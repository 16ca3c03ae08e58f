// Dead letters → Kafka. Wiring only. Its connections end with each invocation: it runs rarely.
import middy from '@middy/core'
import { contracts as compiledContracts } from '#contracts'
import { loadConfig } from '../../lib/config/parse-config.ts'
import { withQueuePrefix } from '../../lib/contracts/queue-prefix.ts'
import { InvocationLog } from '../../lib/lambda/invocation-log.ts'
import { handleRedrive } from './handle-redrive.ts'

const log = new InvocationLog(process.env.POWERTOOLS_SERVICE_NAME || 'redrive')
const config = await loadConfig({}, process.env, log.warn)
const contracts = withQueuePrefix(compiledContracts, config.queuePrefix)

export const handler = middy().handler((event, context) => handleRedrive(event, context, { config, contracts, log }))
