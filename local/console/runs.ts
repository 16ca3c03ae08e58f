// The runs of the console, one at a time. They are kept in the server, so that a reloaded page and a second window show
// the same run.
import type { ProducerConfig } from '../../lib/config/settings.ts'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { ConfigError } from '../../lib/errors.ts'
import { isJsonObject } from '../../lib/record/json-object.ts'
import { NameCheck } from '../../lib/redrive/name-check.ts'
import { FILTER_FIELDS, parseRedriveRequest, type RedriveRequest } from '../../lib/redrive/redrive-request.ts'
import { allowedSources } from '../../lib/redrive/redrive-sources.ts'
import { isTried, matches } from '../../lib/redrive/select-dead-letters.ts'
import type { SourceMessageReader } from '../../lib/redrive/source-messages.ts'
import { Refusal } from '../local-server.ts'
import { parseFilter } from './filter.ts'
import { ACTIONS, type Action, Run, type RunView } from './run.ts'
import type { Snapshot } from './snapshot.ts'

export interface RunsOptions {
  readonly config: ProducerConfig
  readonly contracts: Contracts
  readonly readSourceMessage: SourceMessageReader
  /** The open dead letters that the user has seen. */
  readonly snapshot: () => Promise<Snapshot | undefined>
  /** Called with each record that a run has sent. */
  readonly onSent: () => void
  /** Called when a run has ended. */
  readonly onEnd: () => void
}

export class Runs {
  readonly #options: RunsOptions
  #last: Run | undefined
  #lastId = 0
  #isStarting = false

  constructor(options: RunsOptions) {
    this.#options = options
  }

  /** The run in progress, or the last one. */
  view(): RunView | null {
    return this.#last?.view() ?? null
  }

  /**
   * Starts a run and does not wait for it.
   * @param body `{ action, all?, … }` with the fields of a redrive; to discard, a filter or `all`
   * @throws ConfigError · Refusal 409 while another run is in progress
   */
  async start(body: unknown): Promise<RunView> {
    const { action, all, ...fields } = isJsonObject(body) ? body : {}
    if (!isAction(action))
      throw new ConfigError([`action: expected ${ACTIONS.join(', ')}, got ${JSON.stringify(action)}.`])
    const request = this.#parse(action, fields)
    if (action === 'discard' && all !== true && !FILTER_FIELDS.some(name => fields[name] !== undefined))
      throw new ConfigError(['Expected a filter that says which dead letters to discard, or all; got neither.'])
    if (this.#isStarting || this.#last?.isRunning)
      throw new Refusal(409, 'Another run is in progress. Wait until it ends, or cancel it.')
    this.#isStarting = true
    try {
      const snapshot = await this.#options.snapshot()
      const total = snapshot ? this.#check(action, request, snapshot) : null
      const { config, contracts, readSourceMessage, onSent, onEnd } = this.#options
      const context = { config, contracts, readSourceMessage }
      const run = new Run({ id: ++this.#lastId, action, fields, request, total, context, onSent })
      this.#last = run
      void run.ended.then(onEnd)
      return run.view()
    } finally {
      this.#isStarting = false
    }
  }

  /** Cancels the run in progress, if it is the one that the user has seen. */
  cancel(body: unknown): RunView | null {
    const { id } = isJsonObject(body) ? body : {}
    if (typeof id !== 'number') throw new ConfigError([`id: expected the number of a run, got ${JSON.stringify(id)}.`])
    if (id === this.#lastId) this.#last?.cancel()
    return this.view()
  }

  /** Cancels the run in progress, and waits until it has released its lease. */
  async close(): Promise<void> {
    this.#last?.cancel()
    await this.#last?.ended
  }

  #parse(action: Action, fields: Readonly<Record<string, unknown>>): RedriveRequest {
    const { config, readSourceMessage } = this.#options
    // Only the targets that the page lists: nobody has seen the messages of source DLQs.
    if (action === 'discard' || action === 'unpark') return { ...parseFilter(fields), from: config.deadLetter }
    return parseRedriveRequest(fields, allowedSources(config, readSourceMessage))
  }

  /**
   * Checks a request.
   * @returns how many dead letters the run will process
   * @throws ConfigError for a mistyped name among the excluded ones
   */
  #check(action: Action, request: RedriveRequest, { rows, further }: Snapshot): number | null {
    const names = new NameCheck(request, this.#options.contracts)
    const isRedrive = action === 'redrive' || action === 'dry-run'
    const filter = action === 'unpark' ? { ...request, parked: true } : request
    let total = 0
    for (const number of rows.order) {
      const row = rows.at(number)
      names.see(row)
      if (matches(row, filter, request.maxAttempts) && (!isRedrive || isTried(row, request))) total++
    }
    const problems = names.negatedProblems()
    if (problems.length > 0) throw new ConfigError(problems)
    const isUnknown = further > 0 || (isRedrive && request.from !== undefined)
    return isUnknown ? null : Math.min(total, request.limit ?? total)
  }
}

function isAction(action: unknown): action is Action {
  return (ACTIONS as readonly unknown[]).includes(action)
}
