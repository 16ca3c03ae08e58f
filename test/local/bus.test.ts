// The local event bus: PutEvents in, the function invoked as Lambda does for asynchronous events.
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { type LocalBus, startBus } from '../../local/eventbridge/bus.ts'
import { contractsOf } from '../support/contracts.ts'

const contracts = contractsOf([
  { topic: 't', json: { from: { eventbridge: [{ source: ['shop'] }] } } as Record<string, unknown> },
])

async function withBus(
  invoke: (event: unknown) => Promise<unknown>,
  work: (
    put: (entries: unknown) => Promise<{ status: number; body: Record<string, unknown> }>,
    bus: LocalBus,
    exhausted: object[],
  ) => Promise<void>,
): Promise<void> {
  const exhausted: object[] = []
  const bus = await startBus({
    port: 0,
    contracts: () => contracts,
    invoke,
    onExhausted: async record => void exhausted.push(record),
  })
  const url = `http://127.0.0.1:${(bus.server.address() as AddressInfo).port}`
  const put = async (Entries: unknown) => {
    const response = await fetch(url, { method: 'POST', body: JSON.stringify({ Entries }) })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  await work(put, bus, exhausted)
  bus.server.close()
  bus.server.closeAllConnections()
}

const entry = { Source: 'shop', DetailType: 'Order', Detail: '{"id":1}', Resources: ['r'] }

test('an event that a contract claims reaches the function in EventBridge’s shape; others are dropped', async () => {
  const events: Record<string, unknown>[] = []
  await withBus(
    async event => void events.push(event as Record<string, unknown>),
    async (put, bus) => {
      const { status, body } = await put([entry, { ...entry, Source: 'nobody' }, { ...entry, Detail: 'no json' }])
      await bus.idle()
      assert.equal(status, 200)
      assert.equal(body.FailedEntryCount, 1)
      assert.equal(events.length, 1)
      const { id, time, ...rest } = events[0] as Record<string, unknown>
      assert.deepEqual(rest, {
        version: '0',
        'detail-type': 'Order',
        source: 'shop',
        account: '000000000000',
        region: 'us-east-1',
        resources: ['r'],
        detail: { id: 1 },
      })
      assert.equal(id, (body.Entries as { EventId: string }[])[0]?.EventId)
      assert.match(String(time), /^\d{4}-.*Z$/)
      assert.equal((await put([])).status, 400)
    },
  )
})

test('after three attempts the event is sent to the on-failure destination', async () => {
  let tries = 0
  await withBus(
    async () => {
      tries++
      throw new Error('down')
    },
    async (put, bus, exhausted) => {
      await put([entry])
      await bus.idle()
      assert.equal(tries, 3)
      const [record] = exhausted as { requestContext: { condition: string }; requestPayload: { detail: unknown } }[]
      assert.equal(record?.requestContext.condition, 'RetriesExhausted')
      assert.deepEqual(record?.requestPayload.detail, { id: 1 })
    },
  )
})
