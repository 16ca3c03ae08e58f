// The ids of records that code sends, on a real Kafka: redrive finds a record in the log by its id, and sends it again
// under the same one.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { DeadLetterPublisher } from '../../lib/dead-letter/dead-letter-publisher.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { DiskDeadLetterTarget } from '../../lib/dead-letter/disk/target.ts'
import { publishFailures } from '../../lib/dead-letter/publish-failures.ts'
import type { RecordIdOption } from '../../lib/identify-records.ts'
import { KafkaTemplate } from '../../lib/kafka-template.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { recordIdIn } from '../../lib/record/record-id.ts'
import { createLogReader } from '../../lib/redrive/open-dead-letters.ts'
import { type RedriveOptions, type RedriveResult, redrive } from '../../lib/redrive/redrive.ts'
import { readTopic } from '../../local/kafka/admin.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { losingAnswers } from '../support/lost-answers.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { newTopic, sharedClusterServers } from '../support/real-kafka.ts'

const servers = sharedClusterServers()
const config = parseConfig({ bootstrapServers: servers.split(','), retries: 0 }, {})
const folder = temporaryFolder()
const { reader, closeReader } = createLogReader(config)
const producer = producerOf(servers.split(','))
after(async () => {
  await Promise.all([closeReader(), producer.close()])
  rmSync(folder, { recursive: true, force: true })
})

const idsIn = async (topic: string) =>
  (await readTopic(servers, topic)).map(({ headers: { 'kp-id': id } }) => (id === undefined ? undefined : String(id)))

/** Sends one record whose answer is lost, and stores its dead letter. */
async function deadLetterOfUnknown(
  topic: string,
  recordId: RecordIdOption,
  change: (deadLetter: DeadLetter) => DeadLetter = deadLetter => deadLetter,
): Promise<{ readonly id: string | undefined; readonly place: string }> {
  await using factory = new ProducerFactory({ config, createClient: () => losingAnswers(config, 1) })
  const reports = await new KafkaTemplate(factory, { listener: {}, recordId }).sendAll([
    { topic, key: 'k', value: 'v' },
  ])
  assert.deepEqual(reports.map(summaryOf), ['unknown:delivery-unknown'])
  const place = join(folder, topic)
  const disk = new DiskDeadLetterTarget(place)
  const target = {
    store: (deadLetters: readonly DeadLetter[]) => disk.store(deadLetters.map(change)),
    close: () => disk.close(),
  }
  const fates = await publishFailures(reports, {
    deadLetters: new DeadLetterPublisher([target]),
    sourceOf: index => ({ trigger: 'template', id: 'call', index, function: null, arn: null, receiveCount: null }),
    onFailure: error => assert.fail(String(error)),
  })
  assert.equal(fates.get(0)?.fate, 'dead-lettered')
  await target.close()
  return { id: recordIdIn(reports[0]?.record.headers), place }
}

async function redriven(place: string, options: Partial<RedriveOptions> = {}): Promise<RedriveResult> {
  const store = new DiskDeadLetterStore(place)
  try {
    return await redrive(store, { producer, inDoubtWaitMs: 0, ...options })
  } finally {
    await store.close()
  }
}

/** As if the record had been sent by a producer that nobody knows any more: only its id finds it. */
const bySomebodyElse = (deadLetter: DeadLetter): DeadLetter => ({
  ...deadLetter,
  inDoubt: deadLetter.inDoubt && { ...deadLetter.inDoubt, producerId: deadLetter.inDoubt.producerId + 5_000_000 },
})

test('redrive finds a template’s record in the log by its id, and does not send it again', async () => {
  const topic = await newTopic(servers)
  const { id, place } = await deadLetterOfUnknown(topic, 'uuid', bySomebodyElse)
  const { found, resent } = await redriven(place, { log: reader })
  assert.deepEqual([found, resent], [1, 0])
  assert.deepEqual(await idsIn(topic), [id])
})

test('without an id, the control, such a record is not recognised and is there twice', async () => {
  const topic = await newTopic(servers)
  const { place } = await deadLetterOfUnknown(topic, 'none', bySomebodyElse)
  const { found, resent } = await redriven(place, { log: reader })
  assert.deepEqual([found, resent], [0, 1])
  assert.deepEqual(await idsIn(topic), [undefined, undefined])
})

test('redrive that looks for nothing sends the record again under its id', async () => {
  const topic = await newTopic(servers)
  const { id, place } = await deadLetterOfUnknown(topic, ({ value }) => `order ${value}`)
  assert.equal((await redriven(place)).resent, 1)
  assert.deepEqual([id, await idsIn(topic)], ['order v', ['order v', 'order v']])
})

test('the producer’s own retry writes the same id, so that a consumer sees the duplicate', async () => {
  const topic = await newTopic(servers)
  const settings = { bootstrapServers: servers.split(','), enableIdempotence: false, retryBackoffMs: 10 }
  const retrying = parseConfig(settings, {})
  await using factory = new ProducerFactory({ config: retrying, createClient: () => losingAnswers(retrying, 1) })
  const { producerRecord } = await new KafkaTemplate(factory).send(topic, 'k', 'v')
  const id = recordIdIn(producerRecord.headers)
  assert.deepEqual(await idsIn(topic), [id, id])
})
