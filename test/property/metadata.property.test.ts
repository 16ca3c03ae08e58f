// Whatever happens to topics, leaders and brokers: every record has its outcome in time, a cluster that is well again
// gets every record, and metadata is never requested in a loop.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { TransportError } from '../../lib/errors.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { ChangingCluster, type ChangingTopic, UNKNOWN_TOPIC } from '../fakes/changing-cluster.ts'
import { summaryOf } from '../support/producer-of.ts'

const RUNS = Number(process.env.FAST_CHECK_RUNS ?? 300)
const BACKOFF_MS = 50
const PARTITIONS = 4

const NEW: ChangingTopic = { leaders: [0, 0], leaderEpoch: 0 }

const changes = {
  move: ({ leaders, leaderEpoch }: ChangingTopic) => ({
    leaders: leaders.map(leader => (leader === 1 ? 0 : 1)),
    leaderEpoch: leaderEpoch + 1,
  }),
  loseLeaders: ({ leaders, leaderEpoch }: ChangingTopic) => ({ leaders: leaders.map(() => -1), leaderEpoch }),
  grow: ({ leaders, leaderEpoch }: ChangingTopic) => ({ leaders: [...leaders.slice(0, 8), 0], leaderEpoch }),
  createAnew: ({ leaders }: ChangingTopic) => ({
    leaders: leaders.slice(0, Math.max(1, leaders.length - 2)).map(() => 0),
    leaderEpoch: 0,
  }),
  createAnewWithAsMany: ({ leaders }: ChangingTopic) => ({ leaders: leaders.map(() => 0), leaderEpoch: 0 }),
  delete: () => ({ leaders: [], leaderEpoch: 0, error: UNKNOWN_TOPIC }),
}

const scenario = fc.record({
  steps: fc.array(
    fc.record({
      change: fc.constantFrom(
        ...(Object.keys(changes) as (keyof typeof changes)[]),
        'outage' as const,
        'none' as const,
      ),
      partitions: fc.array(fc.integer({ min: 0, max: PARTITIONS + 1 }), { maxLength: 4 }),
      budgetMs: fc.integer({ min: 1, max: 8000 }),
      pauseMs: fc.integer({ min: 0, max: 3000 }),
    }),
    { minLength: 1, maxLength: 10 },
  ),
  /** How long each of two brokers needs to learn of a change. */
  lagMs: fc.tuple(fc.constantFrom(0, 0, 700), fc.constantFrom(0, 300, 3000)),
  answerMs: fc.constantFrom(1, 20, 400),
  /** Whether brokers report the ids of topics. */
  hasIds: fc.boolean(),
})

async function play({ steps, lagMs, answerMs, hasIds }: typeof scenario extends fc.Arbitrary<infer T> ? T : never) {
  const clock = new VirtualClock()
  const cluster = new ChangingCluster(clock, PARTITIONS)
  const config = parseConfig({ bootstrapServers: ['b:1'], retryBackoffMs: BACKOFF_MS, metadataMaxAgeMs: 60_000 }, {})
  const producer = new KafkaProducer(config, { client: cluster, clock, rules: { anyTopic: true } })
  const history = [{ at: 0, topic: cluster.topics.t ?? NEW }]
  let isOut = false
  let broker = 0
  cluster.answerMs = () => answerMs
  cluster.view = (_, isElsewhere) => {
    if (isOut) throw new TransportError('unreachable', 'No broker answered.', { retriable: true })
    if (isElsewhere) broker = 1 - broker
    return history.findLast(({ at }) => at <= clock.now() - (lagMs[broker] ?? 0))?.topic ?? history[0]?.topic
  }
  let topics = 0
  const change = (changed: ChangingTopic, isNew: boolean) => {
    if (isNew) topics++
    const topic = hasIds ? { ...changed, topicId: `id ${topics}` } : changed
    cluster.topics.t = topic
    history.push({ at: clock.now(), topic })
  }
  const late: string[] = []
  let openCalls = 0
  const send = async (partitions: readonly number[], budgetMs: number) => {
    openCalls++
    const deadline = Deadline.after(clock, budgetMs)
    const records = partitions.map(partition => ({ topic: 't', partition, key: 'k', value: 'v' }))
    const reports = await producer.sendAll(records, deadline)
    openCalls--
    if (clock.now() > deadline.at + 1) late.push(`${clock.now() - deadline.at} ms late`)
    return reports
  }
  for (const { change: kind, partitions, budgetMs, pauseMs } of steps) {
    isOut = kind === 'outage'
    const { t = NEW } = cluster.topics
    if (kind !== 'outage' && kind !== 'none')
      change(changes[kind](t.error ? NEW : t), kind.startsWith('createAnew') || t.error !== undefined)
    void send(partitions, budgetMs)
    await clock.advance(pauseMs)
  }
  isOut = false
  const { t = NEW } = cluster.topics
  change(changes.move(t.error ? NEW : t), t.error !== undefined)
  await clock.run(() => openCalls === 0)
  await clock.advance(5000)
  const count = cluster.topics.t?.leaders.length ?? 0
  const afterwards = send(
    Array.from({ length: count }, (_, partition) => partition),
    20_000,
  )
  await clock.run(() => openCalls === 0)
  return { producer, cluster, late, afterwards: await afterwards }
}

test('topics change: every record has an outcome by its deadline, and a healthy cluster gets all records', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async input => {
      const { producer, late, afterwards } = await play(input)
      assert.ok(producer.isUsable)
      assert.deepEqual(late, [])
      assert.deepEqual(new Set(afterwards.map(summaryOf)), new Set(['delivered']))
    }),
    { numRuns: RUNS },
  )
})

test('topics change: metadata is requested at once only after a change, otherwise after retry.backoff.ms', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async input => {
      const { cluster } = await play(input)
      const times = cluster.requests.map(({ at }) => at + input.answerMs)
      const atOnce = cluster.requests.filter(({ at }, index) => index > 0 && at - (times[index - 1] ?? 0) < BACKOFF_MS)
      // News: a change, which each broker reports once; and every call may begin with a request. While two brokers
      // contradict each other, what the second says is news again, after a back-off for each of the two.
      const most = 4 * (input.steps.length + 1) + cluster.requests.length / 2
      assert.ok(atOnce.length <= most, `${atOnce.length} requests at once, expected at most ${most}`)
    }),
    { numRuns: RUNS },
  )
})
