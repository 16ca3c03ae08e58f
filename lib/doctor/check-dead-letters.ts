// Writes a letter of nobody to each target and deletes it again: only that shows that a target takes letters.
import { randomUUID } from 'node:crypto'
import type { DeadLetterChain, ProducerConfig } from '../config/settings.ts'
import { createDeadLetters } from '../create-dead-letters.ts'
import { type DeadLetter, toDeadLetter } from '../dead-letter/envelope.ts'
import { refused } from '../delivery/delivery-report.ts'
import { innermostMessage, RecordFaultError } from '../errors.ts'
import type { LetterStore } from '../redrive/letter-store.ts'
import { openLetters } from '../redrive/open-letters.ts'
import { systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import { type Check, failed, ok, skipped, warning } from './check.ts'

type Target = DeadLetterChain[number]

const STORE_MS = 10_000
/** Letters of a queue that are looked through for ours. */
const LOOK = 1000

export async function checkDeadLetters(config: ProducerConfig): Promise<Check[]> {
  if (config.deadLetter.length === 0) return [skipped('dead letters', 'KAFKA_DEAD_LETTER is none: the source keeps what fails')]
  const checks: Check[] = []
  for (const target of config.deadLetter) checks.push(await checkTarget(target, config))
  return checks
}

async function checkTarget(target: Target, config: ProducerConfig): Promise<Check> {
  const name = `dead letters ${nameOf(target)}`
  const letter = probe()
  const letters = createDeadLetters({ ...config, deadLetter: [target], deadLetterNotify: [] })
  const [receipt] = await letters.store([letter], Deadline.after(systemClock, STORE_MS))
  await letters.close()
  if (typeof receipt !== 'string')
    return failed(name, innermostMessage(receipt) ?? 'not stored', 'Check the target’s name, the right to write to it, and (in a VPC) an endpoint or a NAT that leads to it.')
  const store = openLetters(target, config)
  try {
    const isGone = await remove(target, store, letter, receipt)
    return isGone ? ok(name, 'written and deleted') : warning(name, 'written, not found again', `Delete letter ${letter.letterId} by hand.`)
  } catch (error) {
    return warning(name, `written, not deleted (${(error as Error).name})`, `Functions need no right to delete; redrive does. Delete letter ${letter.letterId} by hand.`)
  } finally {
    await store.close()
  }
}

async function remove(target: Target, store: LetterStore, letter: DeadLetter, receipt: string): Promise<boolean> {
  if (target.kind !== 'sqs') {
    const handle = target.kind === 's3' ? receipt.slice(`s3://${target.bucket}/`.length) : [receipt]
    await store.settle([{ open: { letter, receipt, handle }, receipt: 'doctor' }])
    return true
  }
  let seen = 0
  for await (const open of store.letters()) {
    if (open.letter.letterId === letter.letterId) {
      await store.settle([{ open, receipt: 'doctor' }])
      return true
    }
    if (++seen >= LOOK) break
  }
  return false
}

/** Of a record at fault: a redrive that meets it leaves it alone. */
function probe(): DeadLetter {
  const error = new RecordFaultError('unknown-topic', 'The doctor’s own letter.')
  const id = `doctor-${randomUUID()}`
  return toDeadLetter(refused({ topic: '', value: 'doctor' }, undefined, error, Date.now()), id, {
    trigger: 'template',
    id,
    index: 0,
    function: 'doctor',
    arn: null,
    receiveCount: null,
  })
}

function nameOf(target: Target): string {
  switch (target.kind) {
    case 'sqs':
      return `sqs:…/${target.queueUrl.split('/').at(-1)}`
    case 's3':
      return `s3:${target.bucket}`
    case 'dynamodb':
      return `dynamodb:${target.table}`
    case 'kafka':
      return `kafka:${target.pattern}`
    case 'disk':
      return `disk:${target.folder}`
    case 'sqlite':
      return `sqlite:${target.file}`
  }
}
