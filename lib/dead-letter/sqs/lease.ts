// The lease for redrives of queues: a message in flight in a FIFO queue. SQS returns no other message of the same group
// while one is in flight, so only one redrive can hold the lease (ADR 10).
import { randomUUID } from 'node:crypto'
import type { Message } from '@aws-sdk/client-sqs'
import { DeadLetterError } from '../../errors.ts'
import { type Clock, systemClock } from '../../time/clock.ts'
import { LEASE_MS, type Lease, redriveRunning, type StopRequest, stopRequested } from '../dead-letter-store.ts'
import { SqsQueue } from './queue.ts'

const GROUP = 'redrive'
/** The group of requests to stop, which can be received while the message of the lease is in flight. */
const STOP_GROUP = 'stop'
const LEASE_S = LEASE_MS / 1000
/** A lease with less time left than this is renewed before a batch, ms. */
const MIN_LEFT_MS = 30_000
/** How many receives to try, because redrives that did not get the lease leave messages behind. */
const ATTEMPTS = 20

/** @throws DeadLetterError `redrive-running` while another redrive holds it; another code if the queue can't be used */
export async function takeQueueLease(queueUrl: string, clock: Pick<Clock, 'now'> = systemClock): Promise<Lease> {
  const queue = new SqsQueue(queueUrl)
  try {
    const lease = await take(queue, clock)
    return {
      check: () => lease.check(),
      renew: () => lease.renew(),
      release: () => lease.release().finally(() => queue.close()),
    }
  } catch (error) {
    await queue.close()
    throw error
  }
}

/** Asks the holder of the lease to end its redrive. Only trying to take the lease shows whether a redrive holds it. */
export async function requestQueueStop(
  queueUrl: string,
  clock: Pick<Clock, 'now'> = systemClock,
): Promise<StopRequest> {
  try {
    await (await takeQueueLease(queueUrl, clock)).release()
    return 'not-running'
  } catch (error) {
    if (!(error instanceof DeadLetterError && error.code === 'redrive-running')) throw error
  }
  const queue = new SqsQueue(queueUrl)
  try {
    await queue.send({ body: 'stop', group: STOP_GROUP, deduplicationId: randomUUID() })
    return 'requested'
  } finally {
    await queue.close()
  }
}

async function take(queue: SqsQueue, clock: Pick<Clock, 'now'>): Promise<Lease> {
  // Each redrive sends its own message, so that the queue needs no preparation and the message can't be too old.
  const id = await queue.send({ body: 'redrive', group: GROUP, deduplicationId: randomUUID() })
  const requests: Message[] = []
  const refuse = async () => {
    // The received requests are meant for the holder of the lease, so they are made visible again.
    await queue.hide(handlesOf(requests), 0)
    throw redriveRunning('queue')
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const from = clock.now()
    const messages = await queue.receive(LEASE_S, 0)
    requests.push(...messages.filter(isStopRequest))
    const attempts = messages.filter(message => !isStopRequest(message))
    const ownMessage = attempts.find(({ MessageId }) => MessageId === id)
    if (messages.length === 0) return refuse()
    if (ownMessage) {
      const lease = new QueueLease(queue, attempts, { own: ownMessage, until: from + LEASE_MS, clock })
      await lease.receive(requests)
      return lease
    }
    await queue.delete(handlesOf(attempts))
  }
  return refuse()
}

class QueueLease implements Lease {
  readonly #queue: SqsQueue
  readonly #handles: readonly string[]
  readonly #clock: Pick<Clock, 'now'>
  /** By the clock of SQS, ms. */
  readonly #sentAt: number
  #until: number
  #isAskedToStop = false

  constructor(
    queue: SqsQueue,
    attempts: readonly Message[],
    { own, until, clock }: { readonly own: Message; readonly until: number; readonly clock: Pick<Clock, 'now'> },
  ) {
    this.#queue = queue
    this.#handles = handlesOf(attempts)
    this.#sentAt = sentAtOf(own)
    this.#until = until
    this.#clock = clock
  }

  async check(): Promise<void> {
    if (this.#until - this.#clock.now() < MIN_LEFT_MS) await this.renew()
    await this.receive(await this.#queue.receive(LEASE_S, 0))
    if (this.#isAskedToStop) throw stopRequested()
  }

  async renew(): Promise<void> {
    const from = this.#clock.now()
    if (from >= this.#until) throw redriveRunning('queue')
    const isHidden = await this.#queue.hide(this.#handles, LEASE_S)
    if (!isHidden.every(Boolean)) {
      this.#until = from
      throw redriveRunning('queue')
    }
    this.#until = from + LEASE_MS
  }

  async release(): Promise<void> {
    if (this.#clock.now() < this.#until) await this.#queue.delete(this.#handles)
  }

  /** Requests from before this lease were meant for an earlier redrive. */
  async receive(messages: readonly Message[]): Promise<void> {
    const requests = messages.filter(isStopRequest)
    if (requests.some(request => sentAtOf(request) >= this.#sentAt)) this.#isAskedToStop = true
    await this.#queue.delete(handlesOf(requests))
  }
}

function handlesOf(messages: readonly Message[]): string[] {
  return messages.map(({ ReceiptHandle = '' }) => ReceiptHandle)
}

function isStopRequest({ Attributes }: Message): boolean {
  return Attributes?.MessageGroupId === STOP_GROUP
}

function sentAtOf({ Attributes }: Message): number {
  return Number(Attributes?.SentTimestamp ?? 0)
}
