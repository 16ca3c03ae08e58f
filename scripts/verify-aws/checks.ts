// Checks that only a real account can do: that each trigger reaches Kafka, that a record becomes a dead letter while no
// broker answers, that redrive delivers it, and the limits of AWS that the template relies on. The records are those of
// the contracts in contracts/.
import { readFileSync } from 'node:fs'
import type { Stack } from '../deployment/remove.ts'
import type { Account } from './account.ts'

export interface Check {
  readonly name: string
  /**
   * Runs the check.
   * @throws Error that says what was expected, and what came instead
   */
  run(account: Account, stack: Stack): Promise<void>
}

const PAUSE_MS = 5000
/** Five minutes: a cold start, the batching window, and the delay of the logs. */
const TRIES = 60
/** Twelve minutes: Lambda retries an event after one minute, then after two. */
const TRIES_OF_EVENTS = 144
/** No broker listens on port 9 (discard). */
const NO_BROKERS = { KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9', KAFKA_MSK_CLUSTER_ARN: '' }
const MIB = 1024 * 1024

const EARTHQUAKE = JSON.parse(readFileSync('examples/earthquake.event.json', 'utf8')) as {
  source: string
  'detail-type': string
  detail: Record<string, unknown>
}
const CHAT = { room: 'verification', user: 'verify', text: 'a record' }

export const CHECKS: readonly Check[] = [
  {
    name: 'the functions reach the cluster (doctor)',
    run: async (account, stack) => {
      const answer = (await account.invoke(functionOf(stack, 'redrive'), { doctor: true })) as { healthy?: boolean }
      expect(answer.healthy === true, 'a healthy connection', answer)
    },
  },
  {
    name: 'GET /health says that the brokers answer',
    run: async (account, stack) => {
      const answer = await account.request('GET', `${urlOf(stack)}/health`)
      expect(answer.status === 200, 'status 200', answer)
    },
  },
  {
    name: 'HTTP: a record is delivered',
    run: async (account, stack) => {
      const answer = await postChat(account, stack)
      expect(answer.status === 200 && answer.body.includes('"delivered"'), 'status 200 and delivered', answer)
    },
  },
  {
    name: 'SQS, standard: a message is delivered',
    run: (account, stack) =>
      leadsToLog(account, functionOf(stack, 'sqs'), () =>
        account.sendMessage(queueUrl(stack, 'EarthquakesQueue'), JSON.stringify(EARTHQUAKE.detail)),
      ),
  },
  {
    name: 'SQS, FIFO: a message is delivered',
    run: (account, stack) =>
      leadsToLog(account, functionOf(stack, 'sqs-fifo'), () =>
        account.sendMessage(queueUrl(stack, 'ChatFifoQueue'), JSON.stringify(CHAT), CHAT.room),
      ),
  },
  {
    name: 'EventBridge: an event is delivered',
    run: (account, stack) =>
      leadsToLog(account, functionOf(stack, 'eventbridge'), () =>
        account.putEvent(EARTHQUAKE.source, EARTHQUAKE['detail-type'], JSON.stringify(EARTHQUAKE.detail)),
      ),
  },
  {
    name: 'without brokers, a record is a dead letter; redrive delivers it',
    run: async (account, stack) => {
      const deadLetters = queueUrl(stack, 'DeadLettersQueue')
      const http = functionOf(stack, 'http')
      const before = await account.setEnvironment(http, NO_BROKERS)
      try {
        const answer = await postChat(account, stack)
        expect(answer.body.includes('"dead-lettered"'), 'dead-lettered', answer)
        await until(async () => (await account.queueDepth(deadLetters)) > 0, account, 'a message in DeadLettersQueue')
      } finally {
        await account.setEnvironment(http, before)
      }
      const redriven = await account.invoke(functionOf(stack, 'redrive'), {})
      await until(
        async () => (await account.queueDepth(deadLetters)) === 0,
        account,
        `an empty DeadLettersQueue after redrive answered ${JSON.stringify(redriven)}`,
      )
    },
  },
  {
    name: 'limit: a request of 5.5 MB reaches the function, which answers',
    run: async (account, stack) => {
      const body = JSON.stringify({ value: { ...CHAT, text: 'x'.repeat(5.5 * MIB) } })
      const answer = await account.request('POST', `${urlOf(stack)}/topics/chat`, body)
      expect(
        answer.status >= 400 && answer.status < 500 && answer.body.includes('code'),
        'a 4xx of the function',
        answer,
      )
    },
  },
  {
    name: 'limit: SQS takes a message of 1 MiB',
    run: (account, stack) => account.sendMessage(queueUrl(stack, 'DeadLettersQueue'), 'x'.repeat(MIB)),
  },
  {
    name: 'limit: an event too large for any dead letter is kept by the on-failure destination',
    run: async (account, stack) => {
      const isKept = await failureDestination(account, stack)
      const detail = { ...EARTHQUAKE.detail, filler: 'x'.repeat(MIB - 64 * 1024) }
      await account.invokeLater(functionOf(stack, 'eventbridge'), { ...EARTHQUAKE, id: 'verification', detail })
      await until(isKept, account, 'one more entry in the on-failure destination', TRIES_OF_EVENTS)
    },
  },
]

/** @returns a function that says whether the destination has more entries than now */
async function failureDestination(account: Account, { resources }: Stack): Promise<() => Promise<boolean>> {
  const named = resources.filter(({ logicalId }) => logicalId.startsWith('EventFailures'))
  const bucket = named.find(({ type }) => type === 'AWS::S3::Bucket')
  const queue = named.find(({ type }) => type === 'AWS::SQS::Queue')
  const count = () => {
    if (bucket) return account.objectCount(bucket.physicalId)
    if (queue) return account.queueDepth(queue.physicalId)
    throw new Error('expected an on-failure destination in the stack, EventFailures…, got none')
  }
  const before = await count()
  return async () => (await count()) > before
}

function postChat(account: Account, stack: Stack) {
  return account.request('POST', `${urlOf(stack)}/topics/chat`, JSON.stringify({ value: CHAT }))
}

/** Runs `act`, then waits for the log line with which the function reports a delivered record. */
async function leadsToLog(account: Account, functionName: string, act: () => Promise<void>): Promise<void> {
  const since = Date.now()
  await act()
  await until(() => account.logHas(functionName, '"delivered"', since), account, `"delivered" in ${functionName}’s log`)
}

async function until(holds: () => Promise<boolean>, account: Account, expected: string, tries = TRIES): Promise<void> {
  for (let left = tries; left > 0; left--) {
    if (await holds()) return
    await account.pause(PAUSE_MS)
  }
  throw new Error(`expected ${expected} within ${(tries * PAUSE_MS) / 60_000} min`)
}

function expect(holds: boolean, expected: string, got: unknown): void {
  if (!holds) throw new Error(`expected ${expected}, got ${JSON.stringify(got)?.slice(0, 500)}`)
}

function functionOf({ resources }: Stack, key: string): string {
  return found(
    resources.find(({ type, physicalId }) => type === 'AWS::Lambda::Function' && physicalId.endsWith(`-${key}`)),
    `a function ${key}`,
  )
}

function queueUrl({ resources }: Stack, id: string): string {
  return found(
    resources.find(({ logicalId }) => logicalId === id),
    id,
  )
}

function urlOf({ outputs }: Stack): string {
  return found(outputs.HttpApiUrl === undefined ? undefined : { physicalId: outputs.HttpApiUrl }, 'output HttpApiUrl')
}

function found(resource: { readonly physicalId: string } | undefined, what: string): string {
  if (resource === undefined) throw new Error(`expected ${what} in the stack, got none`)
  return resource.physicalId
}
