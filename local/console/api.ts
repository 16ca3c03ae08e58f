// The API of the console page.
import type { ProducerConfig } from '../../lib/config/settings.ts'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { ConfigError } from '../../lib/errors.ts'
import { isJsonObject } from '../../lib/record/json-object.ts'
import { createSourceMessageReader } from '../../lib/redrive/source-messages.ts'
import type { OutcomeTimeline } from '../outcome-timeline.ts'
import type { Brokers } from './brokers.ts'
import { DeadLetterViews } from './dead-letter-views.ts'
import { Runs } from './runs.ts'

export interface ConsoleContext {
  readonly config: ProducerConfig
  readonly contracts: Contracts
  readonly brokers: Brokers
  readonly outcomes: OutcomeTimeline
  /** URL of the gateway, which the form sends records to. */
  readonly gateway: string
  /** Records by topic, and messages by queue; null for a topic or queue that did not answer. */
  readonly counts: () => Promise<object>
  /** Warm sandboxes and invocations in progress, by function. */
  readonly functions: () => Readonly<Record<string, { readonly warm: number; readonly busy: number }>>
}

export class ConsoleApi {
  readonly #context: ConsoleContext
  readonly deadLetters: DeadLetterViews
  readonly runs: Runs

  constructor(context: ConsoleContext) {
    const { config, contracts } = context
    this.#context = context
    const readSourceMessage = createSourceMessageReader(contracts, config)
    this.deadLetters = new DeadLetterViews({ config, contracts, readSourceMessage })
    this.runs = new Runs({
      config,
      contracts,
      readSourceMessage,
      snapshot: () => this.deadLetters.snapshot(),
      onSent: () => context.outcomes.add('delivered', 1),
      onEnd: () => this.deadLetters.invalidate(),
    })
  }

  /** The parts of the page that change every second and are cheap to read. */
  state(): object {
    const { brokers, outcomes, functions, contracts } = this.#context
    return {
      brokers: brokers.list(),
      timeline: outcomes.view(),
      functions: functions(),
      topics: [...contracts.keys()],
      run: this.runs.view(),
    }
  }

  counts(): Promise<object> {
    return this.#context.counts()
  }

  /** Sends a record through the HTTP function, as any caller does. */
  async send(request: unknown): Promise<object> {
    const { topic, body } = isJsonObject(request) ? request : {}
    if (typeof topic !== 'string' || topic === '') throw new ConfigError(['topic: expected text.'])
    const response = await fetch(`${this.#context.gateway}/topics/${encodeURIComponent(topic)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    return { status: response.status, body: await response.json() }
  }

  /** Stops, freezes or starts brokers, to show what happens to records without them. */
  changeBrokers(body: unknown): Promise<object> {
    return this.#context.brokers.act(body)
  }
}
