// The ordered chain of targets: the first that stores a letter wins. What one does not store, the next is asked to.
import { createHash } from 'node:crypto'
import type { DeadLetterChain } from '../config/settings.ts'
import { ConfigError, DeadLetterError } from '../errors.ts'
import { systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import { within } from '../time/patient-timer.ts'
import { DiskDeadLetter } from './disk-dead-letter.ts'
import { DynamoDbDeadLetter } from './dynamodb-dead-letter.ts'
import type { DeadLetter } from './envelope.ts'
import { KafkaDeadLetter, type LetterProducer } from './kafka-dead-letter.ts'
import type { Notifier } from './notifier.ts'
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

export interface DeadLettersOptions {
  /** What letters to Kafka are sent with; undefined: on the cluster of the records. Only for `kafka:` targets. */
  readonly producerOf?: (servers: readonly string[] | undefined) => LetterProducer
  /** Are told of what is stored. */
  readonly notifiers?: readonly Notifier[]
  readonly onNotifyFailure?: (error: unknown) => void
}

const NOTIFY_MS = 1000
/** For callers without a deadline of their own. */
const DEFAULT_MS = 30_000

export class DeadLetters {
  readonly #targets: readonly DeadLetterTarget[]
  readonly #options: DeadLettersOptions

  constructor(targets: readonly DeadLetterTarget[], options: DeadLettersOptions = {}) {
    this.#targets = targets
    this.#options = options
  }

  static of(chain: DeadLetterChain, options: DeadLettersOptions = {}): DeadLetters {
    return new DeadLetters(
      chain.map(target => targetOf(target, options)),
      options,
    )
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
    await this.#notify(letters, results, deadline)
    return results
  }

  async close(): Promise<void> {
    await Promise.all(this.#targets.map(target => target.close()))
  }

  /** Told after storing, and for a moment at most: the answer must still leave. */
  async #notify(letters: readonly DeadLetter[], results: readonly StoreResult[], deadline: Deadline): Promise<void> {
    const { notifiers = [], onNotifyFailure = () => {} } = this.#options
    const stored = letters.flatMap((letter, index) => (typeof results[index] === 'string' ? [{ letter, receipt: results[index] }] : []))
    if (stored.length === 0) return
    const ms = Math.min(NOTIFY_MS, deadline.remaining)
    await Promise.all(notifiers.map(notifier => within(systemClock, ms, notifier.tell(stored, ms), late).catch(onNotifyFailure)))
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

function targetOf(target: DeadLetterChain[number], { producerOf }: DeadLettersOptions): DeadLetterTarget {
  switch (target.kind) {
    case 'kafka':
      if (!producerOf) throw new ConfigError(['KAFKA_DEAD_LETTER: kafka: needs a producer; make the chain by createDeadLetters(config).'])
      return new KafkaDeadLetter(target.pattern, () => producerOf(target.servers))
    case 'sqs':
      return new SqsDeadLetter(target.queueUrl)
    case 's3':
      return new S3DeadLetter(target.bucket, target.prefix)
    case 'dynamodb':
      return new DynamoDbDeadLetter(target.table)
    case 'sqlite':
      return new SqliteDeadLetter(target.file)
    case 'disk':
      return new DiskDeadLetter(target.folder, target)
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
