// The lease of the redrives of queues: a FIFO queue in which a message of the only group is in flight. SQS gives nobody
// another message of a group while one of it is in flight, so only one redrive holds it (ADR 10).
import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../../time/clock.ts'
import { LEASE_MS, type Lease, redriveRunning } from '../dead-letter-store.ts'
import { SqsQueue } from './queue.ts'

const GROUP = 'redrive'
const LEASE_S = LEASE_MS / 1000
/** A lease that ends sooner than this is renewed before a batch, ms. */
const MIN_LEFT_MS = 30_000
/** Attempts to get through what redrives left behind that did not get the lease. */
const ATTEMPTS = 20

/** @throws DeadLetterError `redrive-running` while another redrive holds it · when the queue can't be used */
export async function takeQueueLease(queueUrl: string, clock: Pick<Clock, 'now'> = systemClock): Promise<Lease> {
  const queue = new SqsQueue(queueUrl)
  try {
    const lease = await take(queue, clock)
    return { ...lease, release: () => lease.release().finally(() => queue.close()) }
  } catch (error) {
    await queue.close()
    throw error
  }
}

async function take(queue: SqsQueue, clock: Pick<Clock, 'now'>): Promise<Lease> {
  // Each redrive sends its own message, so that the queue needs no preparation and the message can't be too old.
  const id = await queue.send({ body: 'redrive', group: GROUP, deduplicationId: randomUUID() })
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const from = clock.now()
    const messages = await queue.receive(LEASE_S, 0)
    if (messages.length === 0) throw redriveRunning('queue')
    const handles = messages.map(({ ReceiptHandle = '' }) => ReceiptHandle)
    if (messages.some(({ MessageId }) => MessageId === id)) return leaseOf(queue, handles, from + LEASE_MS, clock)
    await queue.delete(handles)
  }
  throw redriveRunning('queue')
}

function leaseOf(queue: SqsQueue, handles: readonly string[], firstUntil: number, clock: Pick<Clock, 'now'>): Lease {
  let until = firstUntil
  const renew = async () => {
    const from = clock.now()
    if (from >= until) throw redriveRunning('queue')
    const isHidden = await queue.hide(handles, LEASE_S)
    if (!isHidden.every(Boolean)) {
      until = from
      throw redriveRunning('queue')
    }
    until = from + LEASE_MS
  }
  return {
    check: async () => {
      if (until - clock.now() < MIN_LEFT_MS) await renew()
    },
    renew,
    release: async () => {
      if (clock.now() < until) await queue.delete(handles)
    },
  }
}
