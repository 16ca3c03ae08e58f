// A sandbox that resumes after a freeze: its connections are gone, with or without a FIN, and its clocks have jumped or
// stood still.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { clientOptionsOf } from '../../lib/configured-options.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { type Clock, systemClock } from '../../lib/time/clock.ts'
import { KafkaJsClient } from '../../lib/transport/kafkajs/kafkajs-client.ts'
import { type ProxiedKafka, startProxiedKafka } from '../../local/faults/proxied-kafka.ts'
import { createTopics, readTopic, untilInSync } from '../../local/kafka/admin.ts'
import { producerOf } from '../support/producer-of.ts'
import { isDoneWithin, pause } from '../support/time.ts'

let rig: ProxiedKafka
before(async () => {
  rig = await startProxiedKafka()
  await createTopics(rig.bootstrapServers, [{ topic: 'thaw', partitions: 1 }])
  await untilInSync(rig.bootstrapServers, 'thaw', 1)
})
after(() => rig.stop())

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

for (const cut of ['silent', 'fin', 'rst'] as const)
  test(`connections cut (${cut}) while idle cost the next send at most one second and one attempt`, async t => {
    const producer = producerOf([rig.bootstrapServers])
    const send = () => producer.send({ topic: 'thaw', key: 'k', value: 'v' })
    await send()
    const warm = Math.min(await timed(send), await timed(send))
    for (const idleMs of cut === 'silent' ? [150, 1500, 4000] : [200, 1500]) {
      await pause(idleMs)
      const connectionAttempts = producer.metrics().connectionAttempts
      rig.proxy.cut(cut)
      const took = await timed(send)
      const attempts = producer.metrics().connectionAttempts - connectionAttempts
      t.diagnostic(`idle ${idleMs} ms: ${took.toFixed(0)} ms (warm ${warm.toFixed(1)} ms), ${attempts} attempt(s)`)
      assert.ok(took <= warm + 1000, `${took} ms`)
      assert.ok(attempts <= 1, `${attempts} connection attempts`)
    }
    await producer.close()
  })

test('resets of new connections for two seconds are not taken for wrong settings', async () => {
  rig.proxy.newConnections = 'reset'
  const connected = rig.proxy.connectionAttempts.length
  const producer = producerOf([rig.bootstrapServers])
  try {
    const sending = producer.send({ topic: 'thaw', key: 'k', value: 'admitted late' })
    await pause(2000)
    // Three connections closed with FIN would be taken for a mismatch of security.protocol.
    assert.ok(rig.proxy.connectionAttempts.length - connected >= 3)
    rig.proxy.newConnections = 'forward'
    assert.equal((await sending).topic, 'thaw')
  } finally {
    rig.proxy.newConnections = 'forward'
    await producer.close()
  }
})

test('a wall clock that jumps either way costs at most one connection attempt', async () => {
  let epochShiftMs = 0
  // If the monotonic clock stops during a freeze, only the wall clock shows that time has passed.
  const clock: Clock = { ...systemClock, epochMs: () => Date.now() + epochShiftMs }
  const config = parseConfig({ bootstrapServers: [rig.bootstrapServers] }, {})
  const client = new KafkaJsClient({
    ...clientOptionsOf(config),
    bootstrap: () => config.bootstrapServers,
    clock,
  })
  const producer = new KafkaProducer(config, { client, clock })
  const send = () => producer.send({ topic: 'thaw', key: 'k', value: 'v' })
  await send()
  for (const jump of [3_600_000, -7_200_000, 180_000]) {
    const connectionAttempts = producer.metrics().connectionAttempts
    epochShiftMs += jump
    assert.ok(await isDoneWithin(1000, send()))
    assert.ok(producer.metrics().connectionAttempts - connectionAttempts <= 1)
  }
  await producer.close()
})

test('after SIGSTOP during a send, every acknowledged record is in the log once', async t => {
  for (const cut of [false, true]) {
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=TimeoutNegativeWarning',
        'test/support/sending-process.ts',
        rig.bootstrapServers,
        String(cut),
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    let output = ''
    child.stdout.on('data', chunk => {
      output += chunk
    })
    await once(child.stdout, 'data')
    await pause(300)
    child.kill('SIGSTOP')
    if (cut) rig.proxy.cut('silent')
    await pause(4000)
    child.kill('SIGCONT')
    await once(child, 'close')
    const reported = output
      .trim()
      .split('\n')
      .slice(1)
      .map(line => line.split(' ') as [string, string])
    const log = (await readTopic(rig.bootstrapServers, 'thaw')).map(({ value }) => String(value))
    const copies = (value: string) => log.filter(logged => logged === value).length
    const acked = reported.filter(([, outcome]) => outcome === 'delivered')
    t.diagnostic(`cut ${cut}: ${acked.length} of ${reported.length} acknowledged`)

    assert.ok(acked.length > 50)
    for (const [value, outcome] of reported) {
      if (outcome === 'delivered') assert.equal(copies(value), 1, value)
      else assert.ok(copies(value) <= (outcome.startsWith('unknown') ? 1 : 0), `${value} ${outcome}`)
    }
    assert.equal(reported.length, new Set(reported.map(([value]) => value)).size)
  }
})
