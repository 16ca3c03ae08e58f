// npm start: starts the local stack and prints a curl command that sends a record.
import { watch } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import type { Contracts } from '../lib/contracts/contract.ts'
import { loadContracts } from '../lib/contracts/load-contracts.ts'
import { apicurioFolder, elasticMqJars, kafkaJars } from './artifacts.ts'
import { buildFunctions } from './build.ts'
import type { ConsoleApi } from './console/api.ts'
import { createConsoleApi } from './console/connect-to-stack.ts'
import { startConsole } from './console/server.ts'
import { cleanUpStale } from './processes.ts'
import { queueNames } from './queues.ts'
import { explain, RequirementError, requireJava } from './requirements.ts'
import { type Stack, startStack } from './stack.ts'
import { claimFolder, describeStack } from './stack-file.ts'

const PORT = 3000
const CONSOLE_PORT = 3001
const CONCURRENCY = 4
/** Waits for the last of several files that an editor writes, ms. */
const DEBOUNCE_MS = 150

/** Checks requirements and downloads programs before anything is built or started. */
async function fetchPrograms(registry: boolean): Promise<void> {
  const log = (line: string) => console.log(line)
  requireJava()
  if (!process.env.KAFKA_BOOTSTRAP_SERVERS) await kafkaJars(log)
  await elasticMqJars(log)
  if (registry) await apicurioFolder(log)
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { brokers: { type: 'string', default: '3' }, registry: { type: 'boolean', default: false } },
  })
  if (!['1', '3'].includes(values.brokers))
    throw new RequirementError(`--brokers: expected 1 or 3, got ${values.brokers}.`)
  if (values.registry && process.env.KAFKA_SCHEMA_REGISTRY_URL)
    throw new RequirementError(
      '--registry: expected KAFKA_SCHEMA_REGISTRY_URL unset, as it names another registry; got both.',
    )
  claimFolder()
  const stale = cleanUpStale()
  if (stale > 0) console.log(`Ended ${stale} processes that an earlier run left running.`)
  await fetchPrograms(values.registry)
  await buildFunctions()
  console.log(
    process.env.KAFKA_BOOTSTRAP_SERVERS ? 'Using the cluster of KAFKA_BOOTSTRAP_SERVERS …' : 'Starting Kafka …',
  )
  let stack: Stack | undefined
  let api: ConsoleApi | undefined
  let stopping = false
  const stop = async () => {
    if (stopping) return
    stopping = true
    // A redrive in progress ends first: records that it has sent are completed, and its lease is released.
    await api?.runs.close()
    await stack?.stop()
    process.exit(0)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.on('SIGHUP', stop)
  stack = await startStack({
    brokers: Number(values.brokers),
    port: Number(process.env.PORT ?? PORT),
    registry: values.registry,
    concurrency: CONCURRENCY,
    log: line => console.log(line),
    onOutput: line => printFunctionOutput(line),
  })
  if (stopping) return void (await stack.stop())
  describeStack(stack)
  api = await createConsoleApi(stack)
  const consoleUrl = await openConsole(api)
  describeStack(stack, consoleUrl)
  print(stack, await loadContracts(), consoleUrl)
  watchSources(stack, consoleUrl)
}

/**
 * Starts the console.
 * @returns its URL
 */
async function openConsole(api: ConsoleApi): Promise<string> {
  const server = await startConsole(CONSOLE_PORT, api, error => console.error(`Console: ${(error as Error).message}`))
  // The console must not keep the process alive.
  server.unref()
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function print(stack: Stack, contracts: Contracts, consoleUrl: string): void {
  const { url, bootstrapServers, registryUrl, sqs, busUrl, kafka } = stack
  console.log(`Gateway  ${url}`)
  console.log(`Brokers  ${bootstrapServers}`)
  console.log(`SQS      ${sqs.url} (queues ${queueNames(contracts).join(', ')})`)
  console.log(`Events   ${busUrl} (PutEvents)`)
  if (registryUrl !== undefined) console.log(`Registry ${registryUrl} (Confluent's API; it keeps schemas in memory)`)
  console.log(`Console  ${consoleUrl} (dead letters, redrive, brokers, a form that sends a record)`)
  const chat = (text: string) => JSON.stringify({ room: 'lobby', user: 'ada', text })
  const message = `-d MessageGroupId=lobby --data-urlencode 'MessageBody=${chat('through SQS')}'`
  console.log(`
Send a record:
  curl -si ${url}/topics/chat -H 'content-type: application/json' -d '{"value":${chat('hello')}}'
Read the topic:
  npm run tail -- chat
${kafka ? BREAK : ''}The same through a FIFO queue, or as an EventBridge event:
  curl -s '${sqs.queueUrl('chat.fifo')}' -d Action=SendMessage ${message}
  npm run put-event -- examples/earthquake.event.json
Health:
  curl -s ${url}/health
Ctrl-C stops everything.`)
}

const BREAK = `Stop Kafka, send again, list the dead letter, start Kafka, redrive the dead letter:
  npm run -s brokers -- stop
  npm run -s kafka-producer -- dead-letters list
  npm run -s brokers -- start
  npm run -s kafka-producer -- redrive --yes
`

/** Prints one line per invocation, without its metrics (EMF). Lines that contain only metrics are dropped. */
function printFunctionOutput(line: string): void {
  if (!line.includes('"_aws"')) return console.log(line)
  const { level, message, timestamp, service, requestId, outcomes, codes, ...others } = JSON.parse(line)
  const { reason, unknown, attempts, deadLetters, newConnections } = others
  const facts = { outcomes, codes, reason, unknown, attempts, deadLetters, newConnections }
  if (message !== undefined) console.log(JSON.stringify({ level, message, timestamp, service, requestId, ...facts }))
}

/** After an edit, rebuilds the bundles and replaces the sandboxes; Kafka keeps running. */
function watchSources(stack: Stack, consoleUrl: string): void {
  let timer: NodeJS.Timeout | undefined
  const rebuild = async () => {
    try {
      await buildFunctions({ keepOld: true })
    } catch (error) {
      return console.error(`${(error as Error).message}\nThe functions keep their previous code.`)
    }
    try {
      await stack.reload()
      describeStack(stack, consoleUrl)
      console.log('Rebuilt.')
    } catch (error) {
      console.error(`Rebuilt, but not all topics and queues of the contracts exist: ${(error as Error).message}`)
    }
  }
  for (const folder of ['lib', 'functions', 'contracts']) {
    watch(folder, { recursive: true }, (_event, file) => {
      // An editor writes a file in several steps: one line for all of them.
      if (timer === undefined) console.log(`${folder}/${file ?? ''} changed: rebuilding.`)
      clearTimeout(timer)
      timer = setTimeout(() => {
        timer = undefined
        void rebuild()
      }, DEBOUNCE_MS)
    })
  }
}

await main().catch(explain)
