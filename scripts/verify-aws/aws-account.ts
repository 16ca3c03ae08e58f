// The AWS account of the caller's credentials.
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda'
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { defaultProvider } from '@aws-sdk/credential-provider-node'
import { SignatureV4 } from '@smithy/signature-v4'
import { deployPackage } from '../deployment/deploy.ts'
import type { Target } from '../deployment/osls.ts'
import { findStack, removeStack } from '../deployment/remove.ts'
import type { Account } from './account.ts'

const DEPTHS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const
const UPDATE_S = 120

interface Deployed {
  readonly target: Target
  readonly service: string
  readonly packageFolder: string
  readonly profile: string | undefined
  readonly oslsOptions: (command: 'deploy' | 'remove') => readonly string[]
}

export function awsAccount({ target, service, packageFolder, profile, oslsOptions }: Deployed): Account {
  const { region } = target
  const credentials = defaultProvider({ ...(profile === undefined ? {} : { profile }) })
  const config = { region, credentials }
  const lambda = new LambdaClient(config)
  const sqs = new SQSClient(config)
  const signer = new SignatureV4({ service: 'execute-api', region, credentials, sha256: Sha256 })
  return {
    accountId: async () => (await new STSClient(config).send(new GetCallerIdentityCommand({}))).Account ?? '',
    findStack: () => findStack(`${service}-${target.stage}`, region, profile),
    deploy: async () => deployPackage(packageFolder, target, oslsOptions('deploy')),
    remove: async () => {
      const stack = await findStack(`${service}-${target.stage}`, region, profile)
      if (stack) removeStack(target, service, stack, oslsOptions('remove'))
    },
    request: async (method, url, body) => {
      const { hostname, pathname } = new URL(url)
      const { headers } = await signer.sign({
        method,
        protocol: 'https:',
        hostname,
        path: pathname,
        headers: { host: hostname, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body }),
      })
      const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
      return { status: answer.status, body: await answer.text() }
    },
    sendMessage: async (QueueUrl, MessageBody, groupId) => {
      const fifo = groupId === undefined ? {} : { MessageGroupId: groupId, MessageDeduplicationId: String(Date.now()) }
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...fifo }))
    },
    putEvent: async (Source, DetailType, Detail) => {
      const entries = { Entries: [{ Source, DetailType, Detail }] }
      const { FailedEntryCount, Entries } = await new EventBridgeClient(config).send(new PutEventsCommand(entries))
      if (FailedEntryCount) throw new Error(`EventBridge refused the event: ${JSON.stringify(Entries)}`)
    },
    queueDepth: async QueueUrl => {
      const request = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...DEPTHS] })
      const { Attributes = {} } = await sqs.send(request)
      return DEPTHS.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0)
    },
    objectCount: async Bucket => (await new S3Client(config).send(new ListObjectsV2Command({ Bucket }))).KeyCount ?? 0,
    invoke: async (FunctionName, payload) => {
      const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload) }))
      const text = answer.Payload?.transformToString() ?? 'null'
      if (answer.FunctionError) throw new Error(`${FunctionName} failed: ${text}`)
      return JSON.parse(text)
    },
    invokeLater: async (FunctionName, payload) => {
      await lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: JSON.stringify(payload) }))
    },
    logHas: async (functionName, text, since) => {
      const { events = [] } = await new CloudWatchLogsClient(config).send(
        new FilterLogEventsCommand({
          logGroupName: `/aws/lambda/${functionName}`,
          startTime: since,
          filterPattern: JSON.stringify(text.replaceAll('"', '')),
        }),
      )
      return events.some(({ message = '' }) => message.includes(text))
    },
    setEnvironment: async (FunctionName, change) => {
      const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))
      const before = Environment?.Variables ?? {}
      const update = { FunctionName, Environment: { Variables: { ...before, ...change } } }
      await lambda.send(new UpdateFunctionConfigurationCommand(update))
      await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: UPDATE_S }, { FunctionName })
      return before
    },
    pause: ms => wait(ms),
  }
}

/** SHA-256, and its HMAC with a secret, in the form that the signer calls. */
class Sha256 {
  readonly #hash: Hash | Hmac

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret))
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data))
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset(): void {
    throw new Error('The signer makes a new one for each text.')
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data)
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data)
}
