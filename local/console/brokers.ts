// Shows and changes the brokers of the local cluster for the console.
import { ConfigError } from '../../lib/errors.ts'
import { isJsonObject } from '../../lib/record/json-object.ts'
import type { BrokerState, LocalKafka } from '../kafka/cluster.ts'

const ACTIONS = ['stop', 'start', 'freeze', 'thaw'] as const
type Action = (typeof ACTIONS)[number]
type Cluster = Pick<LocalKafka, 'brokerIds' | 'stateOf' | 'startBroker' | 'killBroker' | 'freezeBroker' | 'thawBroker'>

export interface BrokerView {
  readonly id: number
  readonly state: BrokerState
}

export class Brokers {
  readonly #kafka: Cluster | undefined
  /** The last action of each broker, so that two windows of the console never change one broker at the same time. */
  readonly #last = new Map<number, Promise<void>>()

  /** @param kafka undefined if the cluster is the user's own, which is never changed */
  constructor(kafka: Cluster | undefined) {
    this.#kafka = kafka
  }

  list(): BrokerView[] {
    const kafka = this.#kafka
    return kafka ? kafka.brokerIds.map(id => ({ id, state: kafka.stateOf(id) })) : []
  }

  /**
   * Changes one broker, or all of them.
   * @param body `{ action, broker? }`
   * @throws ConfigError
   */
  async act(body: unknown): Promise<{ brokers: BrokerView[] }> {
    const { action, broker } = isJsonObject(body) ? body : {}
    const kafka = this.#kafka
    if (!kafka)
      throw new ConfigError([
        'brokers: expected a local cluster, got the cluster of KAFKA_BOOTSTRAP_SERVERS, which the console never stops.',
      ])
    if (!isAction(action))
      throw new ConfigError([`action: expected ${ACTIONS.join(', ')}, got ${JSON.stringify(action)}.`])
    const ids = kafka.brokerIds.filter(id => broker === undefined || id === broker)
    if (ids.length === 0)
      throw new ConfigError([`broker: expected ${kafka.brokerIds.join(', ')}, got ${JSON.stringify(broker)}.`])
    await Promise.all(ids.map(id => this.#inTurn(id, () => actOn(kafka, id, action))))
    return { brokers: this.list() }
  }

  async #inTurn(id: number, work: () => Promise<void>): Promise<void> {
    const before = this.#last.get(id) ?? Promise.resolve()
    const result = before.then(work)
    // A later action runs even if this one fails; the caller of this one gets the error.
    this.#last.set(
      id,
      result.catch(() => {}),
    )
    await result
  }
}

function isAction(action: unknown): action is Action {
  return (ACTIONS as readonly unknown[]).includes(action)
}

async function actOn(kafka: Cluster, id: number, action: Action): Promise<void> {
  if (action === 'stop') return kafka.killBroker(id)
  if (action === 'freeze') return kafka.freezeBroker(id)
  kafka.thawBroker(id)
  if (action === 'start') await kafka.startBroker(id)
}
