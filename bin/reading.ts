// What every command that reads dead letters shares: settings, contracts, unreadable entries, and names that do not
// exist.
import type { ProducerConfig } from '../lib/config/settings.ts'
import type { Contracts } from '../lib/contracts/contract.ts'
import { withQueuePrefix } from '../lib/contracts/queue-prefix.ts'
import type { DeadLetter } from '../lib/dead-letter/dead-letter.ts'
import type { OpenDeadLetter, Unreadable } from '../lib/dead-letter/dead-letter-store.ts'
import { storeKindOf } from '../lib/dead-letter/store-kinds.ts'
import { DeadLetterError, describeError, KafkaProducerError } from '../lib/errors.ts'
import { type ListRequest, listDeadLetters } from '../lib/redrive/list-dead-letters.ts'
import { NameCheck } from '../lib/redrive/name-check.ts'
import { withValue } from '../lib/redrive/read-claim.ts'
import type { RedriveRequest } from '../lib/redrive/redrive-request.ts'
import type { RedriveSource } from '../lib/redrive/redrive-sources.ts'
import { sourcesOf } from '../lib/redrive/run-redrive.ts'
import { createSourceMessageReader, type SourceMessageReader } from '../lib/redrive/source-messages.ts'
import { confirmed } from './confirm.ts'
import { configurationToRead, contractsIn, environment, exportAwsVariables } from './environment.ts'
import { SOME_REMAIN, stopSignal, WrongUse } from './exit.ts'
import type { Options } from './filter-options.ts'
import { counted, printMessage } from './output.ts'

const DEFAULT_CONTRACTS = 'contracts'
/** How many places are printed per reason; the rest is only counted. */
const MAX_PLACES = 5

export const MORE_MATCH = 'More dead letters match than --limit allows.'

interface End {
  /** Whether everything was read. Default: true if the command was not interrupted and fewer than `limit` match. */
  readonly isComplete?: boolean
  /**
   * Whether queues showed only a sample. Commands that only look see a sample; commands that change read every message
   * that they receive.
   */
  readonly isSample?: boolean
}

/** Reads the open dead letters of a request for one command. */
export class Reading {
  readonly request: RedriveRequest
  readonly config: ProducerConfig
  readonly contracts: Contracts
  readonly readSourceMessage: SourceMessageReader
  readonly #names: NameCheck
  readonly #unreadable = new Map<string, { places: number; entries: number }>()
  /** The start of the command, before anything was read. */
  readonly #startedAt = Date.now()
  readonly #notes = new Set<string>()
  #matched = 0
  #hasFailed = false

  private constructor(request: RedriveRequest, config: ProducerConfig, contracts: Contracts) {
    this.request = request
    this.config = config
    this.contracts = contracts
    this.#names = new NameCheck(request, contracts)
    this.readSourceMessage = createSourceMessageReader(contracts, config)
  }

  /**
   * Loads settings and contracts and opens the sources of the request.
   * @param needsBrokers whether the command also sends
   * @throws ConfigError, WrongUse
   */
  static async begin(
    request: RedriveRequest,
    { contracts: folder }: Options = {},
    needsBrokers = false,
  ): Promise<Reading> {
    const env = environment()
    exportAwsVariables(env)
    const config = await configurationToRead(env, request.from, needsBrokers)
    const name = typeof folder === 'string' ? folder : DEFAULT_CONTRACTS
    const contracts = await contractsIn(name, name !== DEFAULT_CONTRACTS)
    const reading = new Reading(request, config, withQueuePrefix(contracts, config.queuePrefix))
    if (reading.sources.length === 0)
      throw new WrongUse(
        'There is nothing to read: KAFKA_DEAD_LETTER names no target and KAFKA_REDRIVE_FROM no queue. Use --from.',
      )
    return reading
  }

  /** The targets and queues that the request reads, in this order. */
  get sources(): readonly RedriveSource[] {
    return sourcesOf(this.request, this)
  }

  /** Whether a look at the sources shows only a sample of what redrive, discard and unpark would then change. */
  get showsSample(): boolean {
    return this.sources.some(source => storeKindOf(source).showsSample)
  }

  /**
   * Asks for confirmation to change the dead letters that were just counted.
   * @param count how many were seen
   * @param end e.g. `for good`
   * @returns the request limited to these, without records that fail later; undefined if the user does not agree
   */
  async confirm(verb: string, count: number, noun: string, end = ''): Promise<RedriveRequest | undefined> {
    const until = Math.min(this.#startedAt, this.request.until ?? Number.POSITIVE_INFINITY)
    const what = this.showsSample
      ? `every ${noun} that matches (${count} seen; of queues only a sample is seen, so there may be more)`
      : counted(count, noun)
    const isAgreed = await confirmed(`${verb} ${what}, failed until ${new Date(until).toISOString()}${end}?`)
    return isAgreed ? { ...this.request, until } : undefined
  }

  /**
   * Returns a dead letter with its value. A claim check is only read from the configured targets and those of the
   * request.
   * @throws DeadLetterError `claim-missing`
   */
  withValue(deadLetter: DeadLetter): Promise<DeadLetter> {
    return withValue(deadLetter, [...this.config.deadLetter, ...this.sources])
  }

  /**
   * Returns a dead letter with its value. If the claim check can't be read, prints why and returns it without the
   * value.
   */
  async withValueIfReadable(deadLetter: DeadLetter): Promise<DeadLetter> {
    try {
      return await this.withValue(deadLetter)
    } catch (error) {
      if (!(error instanceof KafkaProducerError)) throw error
      printMessage(`${deadLetter.deadLetterId}: ${error.message}`)
      process.exitCode = SOME_REMAIN
      return deadLetter
    }
  }

  /** Prints where dead letters are now that could not stay in the message of another one. */
  printMoved(count: number): void {
    const targets = this.config.deadLetter.map(target => storeKindOf(target).describe(target)).join(', ')
    if (count === 0) return
    printMessage(`${counted(count, 'dead letter')} could not stay in place: now in KAFKA_DEAD_LETTER (${targets}).`)
  }

  /** Several queues have the same notes. */
  #printOnce(note: string): void {
    if (this.#notes.has(note)) return
    this.#notes.add(note)
    printMessage(note)
  }

  /** The context for the functions of lib/redrive. */
  get context() {
    const { config, contracts, readSourceMessage } = this
    return {
      config,
      contracts,
      readSourceMessage,
      signal: stopSignal,
      warn: printMessage,
      onSeen: (deadLetter: DeadLetter) => this.#names.see(deadLetter),
      onUnreadable: (unreadable: Unreadable) => this.#note(unreadable),
      onNote: (note: string) => this.#printOnce(note),
    }
  }

  /** Reads the dead letters that match. A target that can't be read is reported, then the next one is read. */
  async *deadLetters(): AsyncGenerator<OpenDeadLetter> {
    const context = {
      ...this.context,
      onTargetFailure: (source: RedriveSource, error: unknown) => this.fail(source, error),
    }
    for await (const open of listDeadLetters(this.request, context)) {
      this.#matched++
      yield open
    }
  }

  /**
   * Prints why a target can't be read.
   * @throws WrongUse if --from names a target that does not exist
   */
  fail(source: RedriveSource, error: unknown): void {
    const kind = storeKindOf(source)
    const isMissing = error instanceof DeadLetterError && error.code === 'not-found'
    if (isMissing && this.request.from) throw new WrongUse(`--from ${kind.describe(source)}: ${error.message}`)
    this.#hasFailed = true
    printMessage(`${kind.describe(source)}: ${describeError(error)}`)
  }

  /**
   * Prints what could not be read, and sets the exit status. Call it at the end.
   * @throws WrongUse for an id that was not found, and for a topic or code that exists nowhere
   */
  end({ isComplete = !stopSignal.aborted && !this.#hasReachedLimit, isSample = this.showsSample }: End = {}): void {
    for (const [reason, { places, entries }] of this.#unreadable)
      if (places > 1) printMessage(`In total ${counted(entries, 'entry', 'entries')} can't be read: ${reason}.`)
    if (this.#hasFailed || this.#unreadable.size > 0) process.exitCode = SOME_REMAIN
    const problems = this.#names.problems()
    if (!isComplete || this.#hasFailed || problems.length === 0) return
    if (isSample) problems.push('A queue shows only a sample.')
    else if (this.showsSample) problems.push('Messages that another consumer of a queue holds were not seen.')
    // A topic or code that the sample does not show may still exist. A command about one dead letter needs that one.
    if (isSample && this.#names.missingIds().length === 0) printMessage(problems.join('\n'))
    else throw new WrongUse(problems.join('\n'))
  }

  /** Prints how many were read; not after an interruption, which has printed it. */
  printTotal(text: string): void {
    if (!stopSignal.aborted) printMessage(this.#hasFailed ? `${text}, in what could be read.` : `${text}.`)
  }

  get #hasReachedLimit(): boolean {
    return this.#matched >= (this.request.limit ?? Number.POSITIVE_INFINITY)
  }

  /**
   * Checks the excluded topics and codes before dead letters are changed: with a typo in one, the command would change
   * what it must leave out.
   * @throws WrongUse for a topic or code that exists nowhere
   */
  async checkNegatedNames(): Promise<void> {
    if (this.#names.negatedProblems().length === 0) return
    const { limit: _, ...request } = this.request
    await this.#readThrough(request)
    const problems = this.#names.negatedProblems()
    if (problems.length > 0) throw new WrongUse(problems.join('\n'))
  }

  /** Reads dead letters only to collect the names that they have. */
  async #readThrough(request: ListRequest): Promise<void> {
    const { onNote: _note, onUnreadable: _unreadable, ...context } = this.context
    for await (const _ of listDeadLetters(request, { ...context, onTargetFailure: () => {} }));
  }

  /** Resets the counts before dead letters are read again, so that an unreadable entry is counted once. */
  beginAgain(): void {
    this.#unreadable.clear()
    this.#hasFailed = false
  }

  #note({ location, reason, count }: Unreadable): void {
    const earlier = this.#unreadable.get(reason) ?? { places: 0, entries: 0 }
    const { places, entries } = { places: earlier.places + 1, entries: earlier.entries + count }
    this.#unreadable.set(reason, { places, entries })
    if (places <= MAX_PLACES)
      printMessage(`${counted(count, 'entry', 'entries')} in ${location} can't be read: ${reason}.`)
  }
}
