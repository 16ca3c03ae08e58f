// Claim checks name the place of a value. A writer of dead letters writes their claim checks too, so no test here may
// make redrive look outside of its configured and requested targets.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { parseDeadLetter } from '../../lib/dead-letter/read-dead-letter.ts'
import { createTarget, type DeadLetterTargetConfig } from '../../lib/dead-letter/target-kinds.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import { claimReader, withValue } from '../../lib/redrive/read-claim.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { AWS_TEST_KEYS } from '../support/moto.ts'

const root = temporaryFolder()
after(() => rmSync(root, { recursive: true, force: true }))

const disk = { kind: 'disk', folder: join(root, 'disk') } as const
const sqlite = { kind: 'sqlite', file: join(root, 'dead-letters.db') } as const
const TARGETS: readonly DeadLetterTargetConfig[] = [
  { kind: 'kafka', pattern: '{topic}-dlt', servers: undefined },
  { kind: 'dynamodb', table: 'letters' },
  disk,
  sqlite,
]

/** A dead letter whose value is in a claim check at `target`. */
function claimed(id: string, value: Buffer, target: (deadLetterId: string) => string): DeadLetter {
  const whole = deadLetterOf(id, value)
  const claimCheck = {
    target: target(whole.deadLetterId),
    sha256: createHash('sha256').update(value).digest('hex'),
    bytes: value.length,
  }
  return { ...whole, record: { ...whole.record, value: null }, claimCheck }
}

async function stored(config: DeadLetterTargetConfig, id: string, value: Buffer): Promise<DeadLetter> {
  const target = createTarget(config)
  const location = (await target.storeClaim?.(deadLetterOf(id, value).deadLetterId, value)) ?? ''
  await target.close()
  return claimed(id, value, () => location)
}

async function refused(deadLetter: DeadLetter, targets: readonly DeadLetterTargetConfig[] = TARGETS): Promise<void> {
  await assert.rejects(withValue(deadLetter, targets), (error: unknown) => {
    assert.ok(error instanceof DeadLetterError)
    assert.equal(error.code, 'claim-missing')
    return !error.retriable
  })
}

const VALUE = Buffer.alloc(3000, 'x')

for (const config of [disk, sqlite]) {
  test(`${config.kind}: a value is read from its target, and from no other`, async () => {
    const deadLetter = await stored(config, 'large', VALUE)
    const whole = await claimReader(TARGETS)(deadLetter)
    assert.deepEqual(whole, deadLetterOf('large', VALUE))
    await refused(
      deadLetter,
      TARGETS.filter(({ kind }) => kind !== config.kind),
    )
    await refused(deadLetter, [])
  })

  test(`${config.kind}: a value of another size, hash or record is refused`, async () => {
    const deadLetter = await stored(config, 'other', VALUE)
    const claimCheck = deadLetter.claimCheck as NonNullable<DeadLetter['claimCheck']>
    for (const wrong of [{ bytes: 2999 }, { bytes: 3001 }, { bytes: 2 ** 31 - 1 }, { sha256: '0'.repeat(64) }])
      await refused({ ...deadLetter, claimCheck: { ...claimCheck, ...wrong } })
    await refused({ ...deadLetter, recordId: 'another' })
    await refused({ ...deadLetter, record: { ...deadLetter.record, topic: 'payments' } })
  })
}

test('a missing target has no values, and reading creates nothing', async () => {
  const nowhere = [
    { kind: 'disk', folder: join(root, 'no', 'folder') },
    { kind: 'sqlite', file: join(root, 'no', 'file.db') },
  ] as const
  await refused(
    claimed('a', VALUE, id => `disk:${nowhere[0].folder}/claims/${id}`),
    nowhere,
  )
  await refused(
    claimed('a', VALUE, id => `sqlite:${nowhere[1].file}#claims/${id}`),
    nowhere,
  )
  assert.equal(existsSync(join(root, 'no')), false)
})

test('a claim check of another folder, file or kind of target is not followed', async () => {
  const elsewhere = join(root, 'elsewhere')
  mkdirSync(join(elsewhere, 'claims'), { recursive: true })
  const { deadLetterId } = deadLetterOf('elsewhere', VALUE)
  writeFileSync(join(elsewhere, 'claims', deadLetterId), VALUE)
  const file = join(elsewhere, 'foreign.db')
  const foreign = new DatabaseSync(file)
  foreign.exec('CREATE TABLE mine (a)')
  foreign.close()
  for (const target of [
    `disk:${elsewhere}/claims/`,
    `disk:${disk.folder}/../elsewhere/claims/`,
    `sqlite:${file}#claims/`,
    `sqlite:${elsewhere}/new/folder/x.db#claims/`,
    'kafka:chat-dlt-0@1/claims/',
    'dynamodb:letters#claims/',
    'toString:claims/',
    '__proto__:claims/',
    'ftp://there/claims/',
    'claims/',
  ])
    await refused(claimed('elsewhere', VALUE, id => `${target}${id}`))
  assert.deepEqual(readdirSync(elsewhere).sort(), ['claims', 'foreign.db'])
})

test('an id that climbs out of the folder is refused, by the envelope and by the reader', async () => {
  const secret = join(root, 'secret')
  writeFileSync(secret, 'hello')
  const climbing = '../'.repeat(12) + secret.slice(1)
  const forged = {
    ...claimed('climbs', Buffer.from('hello'), () => `disk:${disk.folder}/claims/${climbing}`),
    deadLetterId: climbing,
  }
  assert.equal(parseDeadLetter(JSON.stringify(forged)).kind, 'unreadable')
  await refused(forged)
  // 22 characters, as an id has.
  await refused({ ...forged, deadLetterId: '../../../../../etc/pass' })
})

test('links, FIFOs, folders and a claims folder that leads elsewhere are no values', async () => {
  const inside = { kind: 'disk', folder: join(root, 'inside') } as const
  const deadLetter = await stored(inside, 'link', VALUE)
  const path = join(inside.folder, 'claims', deadLetter.deadLetterId)
  await withValue(deadLetter, [inside])
  renameSync(path, join(root, 'moved'))
  symlinkSync(join(root, 'moved'), path)
  await refused(deadLetter, [inside])
  rmSync(path)
  execFileSync('mkfifo', [path])
  await refused(deadLetter, [inside])
  rmSync(path)
  mkdirSync(path)
  await refused(deadLetter, [inside])
  rmSync(join(inside.folder, 'claims'), { recursive: true })
  mkdirSync(join(root, 'outside'))
  renameSync(join(root, 'moved'), join(root, 'outside', deadLetter.deadLetterId))
  symlinkSync(join(root, 'outside'), join(inside.folder, 'claims'))
  await refused(deadLetter, [inside])
})

test('s3: only the own bucket and prefix are asked, and an endless value is not received', async t => {
  const asked: string[] = []
  let sent = 0
  const server = createServer((request, response) => {
    asked.push(request.url?.split('?')[0] ?? '')
    const chunk = Buffer.alloc(64 * 1024)
    const push = () => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length
    }
    response.on('drain', push).on('error', () => {})
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    push()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  Object.assign(process.env, AWS_TEST_KEYS, { AWS_ENDPOINT_URL_S3: url })
  const targets = [{ kind: 's3', bucket: 'own-bucket', prefix: 'letters' }] as const
  const deadLetter = claimed('endless', VALUE, id => `s3://anybodys-bucket/anything/claims/${id}`)
  await refused(deadLetter, targets)
  assert.deepEqual(asked, [`/own-bucket/letters/claims/${deadLetter.deadLetterId}`])
  // What the sockets buffer, not what an endless body would have sent.
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were sent`)
})

test('a target that can’t be read makes the claim retriable: no attempt is counted', async () => {
  Object.assign(process.env, AWS_TEST_KEYS, { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' })
  const deadLetter = claimed('down', VALUE, id => `s3://own-bucket/claims/${id}`)
  await assert.rejects(
    withValue(deadLetter, [{ kind: 's3', bucket: 'own-bucket', prefix: '' }]),
    (error: unknown) => error instanceof DeadLetterError && error.code === 'claim-missing' && error.retriable,
  )
})
