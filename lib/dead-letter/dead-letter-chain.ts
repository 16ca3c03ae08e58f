// The ordered chain of targets: the first that stores a letter wins. What one does not store, the next is asked to.
import { createHash } from 'node:crypto'
import type { DeadLetterChain } from '../config/settings.ts'
import { DeadLetterError } from '../errors.ts'
import { systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import { within } from '../time/patient-timer.ts'
import { DiskDeadLetter } from './disk-dead-letter.ts'
import { DynamoDbDeadLetter } from './dynamodb-dead-letter.ts'
import type { DeadLetter } from './envelope.ts'
import { S3DeadLetter } from './s3-dead-letter.ts'
import { SqliteDeadLetter } from './sqlite-dead-letter.ts'
import { SqsDeadLetter } from './sqs-dead-letter.ts'

/** A letter's receipt, or why it is not stored. */
export type StoreResult = string | DeadLetterError

/** The code of a letter that a target can't hold for its size: its value then goes to another as a claim check. */
export const LETTER_TOO_LARGE = 'letter-too-large'

export interface DeadLetterTarget {
  /**
   * @returns one result per letter, in their order
   * @throws when none of them is stored
   */
  store(letters: readonly DeadLetter[], deadline: Deadline): Promise<readonly StoreResult[]>
  /** Keeps a value that is too large for another target; returns where. */
  storeClaim?(letterId: string, value: Uint8Array): Promise<string>
  close(): Promise<void>
}

/** For callers without a deadline of their own. */
const DEFAULT_MS = 30_000

export class DeadLetters {
  readonly #targets: readonly DeadLetterTarget[]

  constructor(targets: readonly DeadLetterTarget[]) {
    this.#targets = targets
  }

  static of(chain: DeadLetterChain): DeadLetters {
    return new DeadLetters(chain.map(targetOf))
  }

  /** False: dead letters are off, what fails stays with its source. */
  get isOn(): boolean {
    return this.#targets.length > 0
  }

  /** One result per letter, in their order; never rejects. A target that is slow leaves time for those after it. */
  async store(letters: readonly DeadLetter[], deadline: Deadline = Deadline.after(systemClock, DEFAULT_MS)): Promise<StoreResult[]> {
    const results: StoreResult[] = letters.map(() => new DeadLetterError('dead-letter', 'No dead-letter target is configured.'))
    for (const [at, target] of this.#targets.entries()) {
      const open = [...results.entries()].filter(([, result]) => typeof result !== 'string').map(([index]) => index)
      if (open.length === 0) break
      const share = deadline.within(deadline.remaining / (this.#targets.length - at))
      await this.#storeIn(at, target, open, letters, results, share)
    }
    return results
  }

  async close(): Promise<void> {
    await Promise.all(this.#targets.map(target => target.close()))
  }

  async #storeIn(at: number, target: DeadLetterTarget, open: readonly number[], letters: readonly DeadLetter[], results: StoreResult[], deadline: Deadline): Promise<void> {
    const letterAt = (index: number) => letters[index] as DeadLetter
    const stored = await ask(target, open.map(letterAt), deadline)
    open.forEach((index, i) => {
      results[index] = stored[i] as StoreResult
    })
    for (const index of open) {
      const result = results[index]
      if (!(result instanceof DeadLetterError) || result.code !== LETTER_TOO_LARGE) continue
      const withClaim = await this.#claim(at, letterAt(index), deadline)
      if (withClaim) results[index] = (await ask(target, [withClaim], deadline))[0] as StoreResult
    }
  }

  /** The letter without its value, which the next target that can has taken. */
  async #claim(at: number, letter: DeadLetter, deadline: Deadline): Promise<DeadLetter | undefined> {
    const { value } = letter.record
    if (value === null) return undefined
    const bytes = Buffer.from(value, 'base64')
    for (const target of this.#targets.slice(at + 1)) {
      if (!target.storeClaim) continue
      try {
        const kept = await within(systemClock, deadline.remaining, target.storeClaim(letter.letterId, bytes), late)
        const claimCheck = { target: kept, sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length }
        return { ...letter, record: { ...letter.record, value: null }, claimCheck }
      } catch {
        // The next target may take it; the letter as a whole is then offered to each in turn.
      }
    }
    return undefined
  }
}

function targetOf(target: DeadLetterChain[number]): DeadLetterTarget {
  switch (target.kind) {
    case 'sqs':
      return new SqsDeadLetter(target.queueUrl)
    case 's3':
      return new S3DeadLetter(target.bucket, target.prefix)
    case 'dynamodb':
      return new DynamoDbDeadLetter(target.table)
    case 'sqlite':
      return new SqliteDeadLetter(target.file)
    case 'disk':
      return new DiskDeadLetter(target.folder)
  }
}

async function ask(target: DeadLetterTarget, letters: readonly DeadLetter[], deadline: Deadline): Promise<readonly StoreResult[]> {
  try {
    if (deadline.passed) throw late()
    return await within(systemClock, deadline.remaining, target.store(letters, deadline), late)
  } catch (error) {
    const failure = error instanceof DeadLetterError ? error : new DeadLetterError('dead-letter', 'A dead-letter target failed; its cause has the details.', { cause: error })
    return letters.map(() => failure)
  }
}

function late(): DeadLetterError {
  return new DeadLetterError('dead-letter', 'A dead-letter target did not answer in time.', { retriable: true })
}
