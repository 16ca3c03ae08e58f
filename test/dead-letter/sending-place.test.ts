// The note that says which dead letters a redrive is sending, in each target that has a place for it.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { TargetDeadLetterStore } from '../../lib/dead-letter/dead-letter-store.ts'
import type { DeadLetterTarget } from '../../lib/dead-letter/dead-letter-target.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { DiskDeadLetterTarget } from '../../lib/dead-letter/disk/target.ts'
import { DynamoDbDeadLetterStore } from '../../lib/dead-letter/dynamodb/store.ts'
import { DynamoDbDeadLetterTarget } from '../../lib/dead-letter/dynamodb/target.ts'
import { S3DeadLetterStore } from '../../lib/dead-letter/s3/store.ts'
import { S3DeadLetterTarget } from '../../lib/dead-letter/s3/target.ts'
import { SqliteDeadLetterStore } from '../../lib/dead-letter/sqlite/store.ts'
import { SqliteDeadLetterTarget } from '../../lib/dead-letter/sqlite/target.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { DynamoDbServer } from '../fakes/dynamodb-server.ts'
import { S3Server } from '../fakes/s3-server.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { deadlineIn } from '../support/time.ts'

const [s3, dynamodb] = [new S3Server('letters'), new DynamoDbServer()]
const folder = temporaryFolder()
before(() => Promise.all([s3.start(), dynamodb.start()]))
after(() => {
  s3.stop()
  dynamodb.stop()
  rmSync(folder, { recursive: true, force: true })
})

const file = join(folder, 'dead-letters.db')
const targets: readonly [string, () => DeadLetterTarget, () => TargetDeadLetterStore][] = [
  [
    'disk',
    () => new DiskDeadLetterTarget(join(folder, 'disk')),
    () => new DiskDeadLetterStore(join(folder, 'disk')) as TargetDeadLetterStore,
  ],
  ['sqlite', () => new SqliteDeadLetterTarget(file), () => new SqliteDeadLetterStore(file) as TargetDeadLetterStore],
  [
    's3',
    () => new S3DeadLetterTarget('letters', 'prod'),
    () => new S3DeadLetterStore('letters', 'prod') as TargetDeadLetterStore,
  ],
  [
    'dynamodb',
    () => new DynamoDbDeadLetterTarget('t'),
    () => new DynamoDbDeadLetterStore('t') as TargetDeadLetterStore,
  ],
]

for (const [name, createTarget, open] of targets)
  test(`${name}: a note of what is sent is replaced, read by another process, and no dead letter`, async () => {
    const target = createTarget()
    await target.store([deadLetterOf('a')], deadlineIn(20_000))
    await target.close()
    const [first, second] = [open(), open()]
    assert.equal(await first.sending?.read(), undefined)
    for (const text of ['one', 'x'.repeat(100_000), 'two']) await first.sending?.write(text)
    assert.equal(await second.sending?.read(), 'two')
    const unreadable: unknown[] = []
    const ids = await Array.fromAsync(
      second.deadLetters({ onUnreadable: each => unreadable.push(each) }),
      ({ deadLetter }) => deadLetter.recordId,
    )
    assert.deepEqual([ids, unreadable], [['a'], []])
    await second.tidy()
    assert.equal(await second.sending?.read(), 'two')
    await second.sending?.remove()
    assert.equal(await first.sending?.read(), undefined)
    await Promise.all([first.close(), second.close()])
  })
