// RoutingKafkaTemplate, one template for topics that need different producers, as in Spring.
import { ConfigError, InvalidRecordError, notSentError } from './errors.ts'
import type { SendResult } from './kafka-template.ts'
import type { ProducerRecord } from './record/producer-record.ts'

/** A KafkaTemplate with any key and value type. */
export interface RoutedTemplate {
  send(record: ProducerRecord<never, never>): Promise<unknown>
  flush(): Promise<void>
}

/**
 * Sends each record with the first template whose pattern matches the topic.
 * @example
 * new RoutingKafkaTemplate([[/^bytes-/, bytesTemplate], [/.+/, jsonTemplate]])
 */
export class RoutingKafkaTemplate {
  readonly #routes: readonly (readonly [RegExp, RoutedTemplate])[]

  /**
   * @param routes tried in their order; a list or a Map
   * @throws ConfigError for anything but pairs of [pattern, template]
   */
  constructor(routes: Iterable<readonly [RegExp, RoutedTemplate]>) {
    this.#routes = isIterable(routes) ? [...routes] : []
    const isRoute = (route: unknown) =>
      Array.isArray(route) && isPattern(route[0]) && typeof route[1]?.send === 'function'
    if (this.#routes.length === 0 || !this.#routes.every(isRoute))
      throw new ConfigError([
        'RoutingKafkaTemplate: expected a list or Map of [RegExp, KafkaTemplate] with at least one entry.',
      ])
  }

  /**
   * Sends a record with the template of its topic.
   * @throws DeliveryError as the template; also if no pattern matches the topic, with a ConfigError as its cause
   */
  send(record: ProducerRecord): Promise<SendResult>
  send(topic: string, value: unknown): Promise<SendResult>
  send(topic: string, key: unknown, value: unknown): Promise<SendResult>
  send(...args: [ProducerRecord] | [string, ...unknown[]]): Promise<SendResult> {
    const [first] = args
    try {
      const topic: unknown = typeof first === 'string' ? first : first?.topic
      if (typeof topic !== 'string')
        throw new InvalidRecordError('unknown-topic', `topic: expected text, got ${typeof topic}.`)
      const template = this.#templateOf(topic)
      return (template.send as (...args: unknown[]) => Promise<SendResult>).apply(template, args)
    } catch (error) {
      return Promise.reject(notSentError(error))
    }
  }

  async flush(): Promise<void> {
    await Promise.all([...new Set(this.#routes.map(([, template]) => template))].map(template => template.flush()))
  }

  #templateOf(topic: string): RoutedTemplate {
    // Not `test`, because a global or sticky pattern would continue from its lastIndex.
    const route = this.#routes.find(([pattern]) => topic.search(pattern) >= 0)
    if (!route)
      throw new ConfigError([`RoutingKafkaTemplate: expected a pattern that matches topic ${topic}, got none.`])
    return route[1]
  }
}

function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}

/** Checks for a RegExp of any realm. */
function isPattern(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object RegExp]'
}
