// The rules of docs/sender-rules.md on real sockets, with brokers that follow a script.
import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { decodeBatch, INVALID_PRODUCER_EPOCH } from '../../lib/testing/partition-log.ts'
import { outcomeOf } from '../../lib/transport/produce-outcome.ts'
import { type Script, ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { deadlineIn, isDoneWithin, pause, until } from '../support/time.ts'
import { produces } from '../support/with-producer.ts'

async function withCluster(
  options: Parameters<typeof ScriptedBrokers.start>[0],
  run: (cluster: ScriptedBrokers) => Promise<void>,
): Promise<void> {
  const cluster = await ScriptedBrokers.start(options)
  try {
    await run(cluster)
  } finally {
    await cluster.stop()
  }
}

test('rule 2: a partition that the answer leaves out is never taken for success', () => {
  assert.equal(outcomeOf(undefined).kind, 'unknown')
})

test('rule 2: NOT_LEADER with a base offset may be written, so a later refusal does not make it rejected', async () => {
  const script: Script = {
    onProduce: ({ attempt }) => (attempt === 0 ? { errorCode: 6, baseOffset: 7 } : { errorCode: 29 }),
  }
  await withCluster({ leaders: [0], brokers: 1, script }, async cluster => {
    const producer = producerOf(cluster.addresses)
    const [report] = await producer.sendAll([{ topic: 't', value: 'a' }])
    assert.equal(summaryOf(report), 'unknown:delivery-unknown')
    await producer.close()
  })
})

test('rule 3: an answer lost after the write does not write the batch twice', async () => {
  await withCluster(
    { leaders: [0], brokers: 1, script: { onAnswer: (_, n) => (n === 1 ? 'drop' : 'send') } },
    async cluster => {
      const producer = producerOf(cluster.addresses, { requestTimeoutMs: 300, ackTimeoutMs: 200 })
      const [report] = await producer.sendAll([{ topic: 't', value: 'a' }])
      assert.equal(summaryOf(report), 'delivered')
      assert.deepEqual(cluster.values(), ['a'])
      assert.equal(report?.kind === 'delivered' && report.metadata.offset, 0n)
      await producer.close()
    },
  )
})

test('rule 3: a Produce that arrives after its batch has failed can’t be written behind a later batch', async () => {
  const held: Buffer[] = []
  const script: Script = {
    onProduce: ({ bytes, attempt }) => {
      if (attempt !== 0) return 'append'
      held.push(Buffer.from(bytes))
      return { errorCode: 7 }
    },
  }
  await withCluster({ leaders: [0], brokers: 1, script }, async cluster => {
    const producer = producerOf(cluster.addresses, { retries: 0 })
    const [first] = await producer.sendAll([{ topic: 't', key: 'k', value: 'held' }])
    const [second] = await producer.sendAll([{ topic: 't', key: 'k', value: 'next' }])

    assert.equal(summaryOf(first), 'unknown:delivery-unknown')
    assert.equal(summaryOf(second), 'delivered')
    assert.equal(cluster.log(0).append(decodeBatch(held[0] as Buffer)).errorCode, INVALID_PRODUCER_EPOCH)
    assert.deepEqual(cluster.values(), ['next'])
    await producer.close()
  })
})

test('rule 4: retries end after `retries` attempts that left the machine', async () => {
  await withCluster({ leaders: [0], brokers: 1, script: { onProduce: () => ({ errorCode: 19 }) } }, async cluster => {
    const producer = producerOf(cluster.addresses, { retries: 2, retryBackoffMs: 1, retryBackoffMaxMs: 2 })
    const [report] = await producer.sendAll([{ topic: 't', value: 'a' }])
    assert.equal(summaryOf(report), 'rejected:unavailable')
    assert.equal(produces(cluster).length, 3)
    await producer.close()
  })
})

test('rule 5: a record that is too large does not fail another caller’s record in the same batch', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const script: Script = {
    onRequest: (_, apiKey, requests) => (apiKey === 0 && requests <= 4 ? released : undefined),
    onProduce: ({ bytes }) =>
      decodeBatch(bytes).records.some(({ value }) => value === 'large') ? { errorCode: 10 } : 'append',
  }
  await withCluster({ leaders: [0], brokers: 1, script }, async cluster => {
    const producer = producerOf(cluster.addresses)
    const blocker = producer.sendAll([{ topic: 't', value: 'first', partition: 0 }])
    await until(() => produces(cluster).length > 0)
    const callers = ['good', 'large', 'fine'].map(value => producer.sendAll([{ topic: 't', value, partition: 0 }]))
    await pause(20)
    release()

    const [good, large, fine] = (await Promise.all(callers)).map(([report]) => summaryOf(report))
    assert.equal(summaryOf((await blocker)[0]), 'delivered')
    assert.deepEqual([good, large, fine], ['delivered', 'rejected:record-too-large', 'delivered'])
    assert.deepEqual(
      cluster.log(0).records.map(({ value }) => value),
      ['first', 'good', 'fine'],
    )
    await producer.close()
  })
})

test('rule 5: records that the broker names are taken out at once, the others sent again', async () => {
  const script: Script = {
    onProduce: ({ attempt }) => (attempt === 0 ? { errorCode: 87, recordErrors: [1] } : 'append'),
  }
  await withCluster({ leaders: [0], brokers: 1, script }, async cluster => {
    const producer = producerOf(cluster.addresses)
    const reports = await producer.sendAll(
      ['a', 'b', 'c'].map(value => ({ topic: 't', key: 'k', value, partition: 0 })),
    )
    assert.deepEqual(reports.map(summaryOf), ['delivered', 'rejected:rejected-by-broker', 'delivered'])
    assert.deepEqual(cluster.values(), ['a', 'c'])
    assert.equal(produces(cluster).length, 2)
    await producer.close()
  })
})

test('rule 1: a retry keeps the partition: three leaders, one refuses once', async () => {
  const script: Script = {
    onProduce: ({ broker, attempt }) => (broker === 1 && attempt === 0 ? { errorCode: 6 } : 'append'),
  }
  await withCluster({ leaders: [0, 1, 2], brokers: 3, script }, async cluster => {
    const producer = producerOf(cluster.addresses)
    const values = Array.from({ length: 30 }, (_, i) => `v${String(i).padStart(2, '0')}`)
    const reports = await producer.sendAll(values.map((value, i) => ({ topic: 't', key: `k${i}`, value })))
    assert.ok(reports.every(({ kind }) => kind === 'delivered'))
    assert.deepEqual(cluster.values(), values)
    await producer.close()
  })
})

test('rule 1: a record for a partition beyond the count is invalid after max.block.ms', async () => {
  await withCluster({ leaders: [0], brokers: 1 }, async cluster => {
    const producer = producerOf(cluster.addresses, { maxBlockMs: 2000 })
    const [report] = await producer.sendAll([{ topic: 't', value: 'a', partition: 9 }])
    assert.equal(summaryOf(report), 'not-sent:partition-out-of-range')
    assert.deepEqual(cluster.values(), [])
    await producer.close()
  })
})

test('rule 6: metadata is answered beside a Produce that waits for its followers', async () => {
  const script: Script = { onAnswer: () => pause(1500) }
  await withCluster({ leaders: [0], brokers: 1, script }, async cluster => {
    const producer = producerOf(cluster.addresses)
    const sending = producer.sendAll([{ topic: 't', value: 'a' }])
    await until(() => produces(cluster).length > 0)
    let isAcknowledged = false
    void sending.then(() => {
      isAcknowledged = true
    })
    assert.ok(await producer.isReachable(deadlineIn(10_000)))
    assert.ok(!isAcknowledged)
    assert.equal(summaryOf((await sending)[0]), 'delivered')
    await producer.close()
  })
})

test('rule 7: two deadlines in one batch: the early one gets unknown in time, the late one is delivered', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  let isFirst = true
  const script: Script = {
    onAnswer: () => {
      if (isFirst) {
        isFirst = false
        return released
      }
      return pause(5000)
    },
  }
  await withCluster({ leaders: [0], brokers: 1, script }, async cluster => {
    const producer = producerOf(cluster.addresses, { requestTimeoutMs: 20_000 })
    const blocker = producer.sendAll([{ topic: 't', value: '0', partition: 0 }])
    await until(() => !isFirst)
    const begin = performance.now()
    const short = producer.sendAll([{ topic: 't', value: 'short', partition: 0 }], deadlineIn(300))
    const long = producer.sendAll([{ topic: 't', value: 'long', partition: 0 }], deadlineIn(20_000))
    release()

    assert.ok(await isDoneWithin(3000, short))
    assert.ok(performance.now() - begin >= 290)
    assert.equal(summaryOf((await short)[0]), 'unknown:delivery-unknown')
    assert.equal(summaryOf((await long)[0]), 'delivered')
    await blocker
    assert.equal(cluster.log(0).batches.length, 2, 'the early and the late record are in one batch')
    await producer.close()
  })
})

test('rule 7: at the deadline a request that nobody waits for is not left in flight', async () => {
  await withCluster({ leaders: [0], brokers: 1, script: { onAnswer: () => 'drop' } }, async cluster => {
    const producer = producerOf(cluster.addresses)
    await producer.connect()
    const [report] = await producer.sendAll([{ topic: 't', value: 'a' }], deadlineIn(200))
    assert.equal(summaryOf(report), 'unknown:delivery-unknown')
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(producer.metrics().connections, 0)
    await producer.close()
  })
})

test('rule 8: after a pause a dead connection shows in half a second, not after the request timeout', async () => {
  let isSilent = false
  const script: Script = { onRequest: () => (isSilent ? new Promise(() => {}) : undefined) }
  await withCluster({ leaders: [0], brokers: 1, script }, async cluster => {
    const producer = producerOf(cluster.addresses, { requestTimeoutMs: 10_000 })
    await producer.sendAll([{ topic: 't', value: 'a' }])
    await pause(1100)
    isSilent = true
    setTimeout(() => {
      isSilent = false
    }, 300)
    const sending = producer.sendAll([{ topic: 't', value: 'b' }])
    assert.ok(await isDoneWithin(6000, sending))
    assert.equal(summaryOf((await sending)[0]), 'delivered')
    assert.deepEqual(cluster.values(), ['a', 'b'])
    await producer.close()
  })
})

test('rule 9: fifty callers at once cause one connection attempt', async () => {
  await withCluster({ leaders: [0], brokers: 1 }, async cluster => {
    const producer = producerOf(cluster.addresses)
    await Promise.all(Array.from({ length: 50 }, (_, i) => producer.sendAll([{ topic: 't', value: `v${i}` }])))
    assert.equal(cluster.connections, 1)
    assert.equal(producer.metrics().producerIds, 1)
    await producer.close()
  })
})

test('rule 10: a request is split before it exceeds max.request.size', async () => {
  const sizes: number[] = []
  const script: Script = {
    onProduce: ({ bytes }) => {
      sizes.push(bytes.length)
      return 'append'
    },
  }
  await withCluster({ leaders: [0, 0, 0, 0], brokers: 1, script }, async cluster => {
    const producer = producerOf(cluster.addresses, { maxRequestSize: 100_000, batchSize: 60_000 })
    const reports = await producer.sendAll(
      Array.from({ length: 12 }, (_, i) => ({ topic: 't', value: 'x'.repeat(20_000), partition: i % 4 })),
    )
    assert.ok(reports.every(({ kind }) => kind === 'delivered'))
    assert.ok(sizes.every(size => size <= 60_000))
    assert.ok(produces(cluster).length >= 3)
    await producer.close()
  })
})

test('rule 9: if connections are closed after their first bytes, the third error names the setting', async () => {
  let connectionAttempts = 0
  const closingServer = createServer(socket => {
    connectionAttempts++
    socket.on('error', () => undefined).once('data', () => socket.end())
  })
  await new Promise<void>(resolve => closingServer.listen(0, '127.0.0.1', resolve))
  const producer = producerOf([`127.0.0.1:${(closingServer.address() as AddressInfo).port}`], {
    maxBlockMs: 1000,
    reconnectBackoffMs: 100,
    reconnectBackoffMaxMs: 400,
  })
  const [report] = await producer.sendAll([{ topic: 't', value: 'a' }])
  const [again] = await producer.sendAll([{ topic: 't', value: 'b' }])

  for (const one of [report, again]) assert.equal(summaryOf(one), 'not-sent:authentication')
  assert.match((report as { error?: Error }).error?.message ?? '', /security\.protocol/)
  assert.equal(connectionAttempts, 3, 'the second send made no connection attempt')
  await producer.close()
  closingServer.close()
})

test('rule 12: a broker’s throttling is waited out before its next request', async () => {
  await withCluster({ leaders: [0], brokers: 1 }, async cluster => {
    cluster.throttleMs = 400
    const producer = producerOf(cluster.addresses)
    for (const value of ['a', 'b'])
      assert.equal(summaryOf((await producer.sendAll([{ topic: 't', value }]))[0]), 'delivered')
    const [first, second] = produces(cluster)
    const gap = (second?.at ?? 0) - (first?.at ?? 0)

    assert.ok(gap >= 390, `${gap} ms`)
    await producer.close()
  })
})

test('rule 7: a record whose deadline has passed is not sent', async () => {
  await withCluster({ leaders: [0], brokers: 1 }, async cluster => {
    const producer = producerOf(cluster.addresses)
    await producer.sendAll([{ topic: 't', value: 'a' }])
    const [report] = await producer.sendAll([{ topic: 't', value: 'late' }], deadlineIn(0))

    assert.equal(summaryOf(report), 'not-sent:deadline')
    assert.deepEqual(cluster.values(), ['a'])
    await producer.close()
  })
})

// The original bug: each deadline of 10 ms destroyed the connection, and another caller's next record waited for
// reconnect.backoff.ms.
test('rule 9: a connection that is dropped at a caller’s deadline costs other callers no back-off', async () => {
  const { promise: never } = Promise.withResolvers<void>()
  const script: Script = { onAnswer: (_, produces) => (produces === 2 ? never : 'send') }
  await withCluster({ leaders: [0], brokers: 1, script }, async cluster => {
    const producer = producerOf(cluster.addresses, { reconnectBackoffMs: 60_000, reconnectBackoffMaxMs: 60_000 })
    await producer.sendAll([{ topic: 't', key: 'k', value: 'warm' }])
    const short = producer.sendAll([{ topic: 't', key: 'k', value: 'short' }], deadlineIn(300))
    await until(() => produces(cluster).length === 2)
    const other = producer.sendAll([{ topic: 't', key: 'k', value: 'other' }], deadlineIn(20_000))

    assert.equal(summaryOf((await short)[0]), 'unknown:delivery-unknown')
    assert.equal(summaryOf((await other)[0]), 'delivered')
    await producer.close()
  })
})

test('rule 6: an answer with an older leader epoch does not bring an old leader back', async () => {
  await withCluster({ leaders: [0], brokers: 2 }, async cluster => {
    const producer = producerOf(cluster.addresses, { retryBackoffMs: 10, retryBackoffMaxMs: 20 })
    cluster.moveLeader(0, 1)
    await producer.sendAll([{ topic: 't', value: 'a' }])
    // A broker that lags behind now answers with the leader before the move.
    cluster.lag = { leaders: [0], leaderEpochs: [0] }
    await producer.isReachable(deadlineIn(1000))
    const [report] = await producer.sendAll([{ topic: 't', value: 'b' }])

    assert.equal(summaryOf(report), 'delivered')
    assert.ok(produces(cluster).every(({ broker }) => broker === 1))
    await producer.close()
  })
})

const grouped = (value: string, partition: number, orderGroup = 'g') => ({ topic: 't', value, partition, orderGroup })

test('rule 13: a record of an order group waits for the earlier one in another partition', async () => {
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  await withCluster(
    { leaders: [0, 1], script: { onAnswer: broker => (broker === 0 ? held : 'send') } },
    async cluster => {
      const producer = producerOf(cluster.addresses)
      const sending = producer.sendAll([grouped('first', 0), grouped('second', 1), grouped('stranger', 1, 'other')])
      await pause(300)
      assert.deepEqual(
        cluster.log(1).records.map(({ value }) => value),
        ['stranger'],
        'only the other group’s record has left',
      )
      release()
      assert.deepEqual((await sending).map(summaryOf), ['delivered', 'delivered', 'delivered'])
      await producer.close()
    },
  )
})

test('rule 13: after a failure the later records of the group are not sent, and their code says why', async () => {
  await withCluster(
    { leaders: [0, 1], script: { onProduce: ({ partition }) => (partition === 0 ? { errorCode: 29 } : 'append') } },
    async cluster => {
      const producer = producerOf(cluster.addresses)
      const reports = await producer.sendAll([
        grouped('a', 1),
        grouped('b', 0),
        grouped('c', 1),
        grouped('d', 1, 'other'),
      ])
      assert.deepEqual(reports.map(summaryOf), [
        'delivered',
        'rejected:authorization',
        'not-sent:order-group-stopped',
        'delivered',
      ])
      assert.deepEqual(cluster.values().toSorted(), ['a', 'd'])
      await producer.close()
    },
  )
})
