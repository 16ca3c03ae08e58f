// A redrive that runs elsewhere is asked to stop through the lease of each of its targets.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { ConfigError } from '../../lib/errors.ts'
import { openDeadLetterStore } from '../../lib/redrive/open-dead-letters.ts'
import { parseRedriveSources } from '../../lib/redrive/redrive-sources.ts'
import { parseStopRequest, stopRedrive } from '../../lib/redrive/stop-redrive.ts'
import { S3Server } from '../fakes/s3-server.ts'
import { SqsServer } from '../fakes/sqs-server.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { folder, placeOf } from '../support/stored-dead-letters.ts'

const bucket = new S3Server('letters')
await bucket.start()
const lease = await SqsServer.start('lease.fifo')
after(() => {
  bucket.stop()
  lease.close()
})

const sourcesOf = (text: string) => parseRedriveSources(text, 'from', assert.fail)
const contextOf = (deadLetter: string) => ({
  config: parseConfig({ bootstrapServers: ['127.0.0.1:9'], deadLetter }, {}),
  warn: (text: string) => assert.fail(text),
})

test('a request to stop names what the redrive reads, or nothing', () => {
  assert.equal(parseStopRequest({ stop: true }).from, undefined)
  const [disk] = sourcesOf('disk:/mnt/a')
  assert.ok(disk)
  assert.deepEqual(parseStopRequest({ stop: true, from: 'disk:/mnt/a' }).from, [disk])
  const problemsOf = (event: Readonly<Record<string, unknown>>, allowed?: readonly (typeof disk)[]) => {
    try {
      return parseStopRequest(event, allowed)
    } catch (error) {
      return error instanceof ConfigError && error.problems
    }
  }
  assert.deepEqual(problemsOf({ stop: 'yes', topic: 'chat', limit: 1 }), [
    'topic: unknown field; with stop, expected only from.',
    'limit: unknown field; with stop, expected only from.',
    'stop: expected true.',
  ])
  assert.deepEqual(problemsOf({ stop: true, from: 'disk:/mnt/b' }, [disk]), [
    'from: expected one of KAFKA_DEAD_LETTER, KAFKA_REDRIVE_FROM or KAFKA_REDRIVE_ALLOW, got another.',
  ])
})

test('each target is asked in turn, and one that can’t be asked keeps none after it from being asked', async () => {
  const [running, idle] = [await placeOf([deadLetterOf('a')]), await placeOf([deadLetterOf('b')])]
  const nothingStored = join(folder, 'nothing-stored')
  const held = await new DiskDeadLetterStore(running).lease()
  const context = contextOf(`disk:${nothingStored},disk:${running},disk:${idle}`)
  assert.deepEqual(await stopRedrive({}, context), [
    { target: `disk:${nothingStored}`, result: 'not-running' },
    { target: `disk:${running}`, result: 'requested' },
    { target: `disk:${idle}`, result: 'not-running' },
  ])
  await assert.rejects(held.check(), { code: 'stop-requested' })
  await held.release()
  const missing = join(folder, 'missing.db')
  const [failed, asked] = await stopRedrive({ from: sourcesOf(`sqlite:${missing},disk:${idle}`) }, context)
  assert.deepEqual([failed?.target, failed?.result, asked?.result], [`sqlite:${missing}`, 'failed', 'not-running'])
  assert.match(failed?.error ?? '', /the file does not exist/)
})

test('a queue without a lease of its own, or of another target, can’t be asked', async () => {
  const queue = 'sqs:https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters'
  const stops = await stopRedrive({}, contextOf(queue))
  assert.deepEqual(
    stops.map(({ result }) => result),
    ['no-lease'],
  )
})

for (const [name, deadLetter, redriveLeaseQueue] of [
  ['of the configured bucket', 's3:letters/prod', undefined],
  ['of the lease queue', 'disk:/mnt/letters', lease.url],
] as const)
  test(`one redrive of a queue at a time has the lease ${name}, and is asked to stop through it`, async () => {
    const options = {
      bootstrapServers: ['127.0.0.1:9'],
      deadLetter,
      ...(redriveLeaseQueue ? { redriveLeaseQueue } : {}),
    }
    const config = parseConfig(options, {})
    const [source] = sourcesOf('sqs:https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters')
    assert.ok(source)
    const request = { from: [source] }
    const stop = async () => (await stopRedrive(request, { config })).map(({ result }) => result)
    assert.deepEqual(await stop(), ['not-running'])
    const [first, second] = [await openDeadLetterStore(source, config), await openDeadLetterStore(source, config)]
    const held = await first.lease()
    await held.check()
    await held.renew()
    await assert.rejects(second.lease({ mayGoOn: () => false }), { code: 'redrive-running' })
    assert.deepEqual(await stop(), ['requested'])
    await assert.rejects(held.check(), { code: 'stop-requested' })
    await held.release()
    const next = await second.lease()
    await next.check()
    await next.release()
    for (const store of [first, second]) await store.close()
  })
