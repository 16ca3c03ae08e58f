// One template for topics of different producers. Spring: RoutingKafkaTemplate.
import { ConfigError } from './errors.ts'
import type { SendResult } from './kafka-template.ts'
import type { ProducerRecord } from './record/producer-record.ts'

/** A KafkaTemplate of any types. */
interface RoutedTemplate {
  send(record: ProducerRecord<never, never>): Promise<unknown>
  flush(): Promise<void>
}

/**
 * @example
 * new RoutingKafkaTemplate([[/^bytes-/, bytesTemplate], [/.+/, jsonTemplate]])
 */
export class RoutingKafkaTemplate {
  readonly #routes: readonly (readonly [RegExp, RoutedTemplate])[]

  /** @param routes the first pattern that finds a topic's name decides */
  constructor(routes: readonly (readonly [RegExp, RoutedTemplate])[]) {
    this.#routes = routes
  }

  /** @throws ConfigError for a topic that no pattern finds; else as KafkaTemplate.send */
  send(record: ProducerRecord): Promise<SendResult>
  send(topic: string, value: unknown): Promise<SendResult>
  send(topic: string, key: unknown, value: unknown): Promise<SendResult>
  send(...given: [ProducerRecord] | [string, ...unknown[]]): Promise<SendResult> {
    const [first] = given
    try {
      const template = this.#templateOf(typeof first === 'string' ? first : first.topic)
      return (template.send as (...given: unknown[]) => Promise<SendResult>).apply(template, given)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async flush(): Promise<void> {
    await Promise.all([...new Set(this.#routes.map(([, template]) => template))].map(template => template.flush()))
  }

  #templateOf(topic: string): RoutedTemplate {
    // A global or sticky pattern remembers where it was.
    const route = this.#routes.find(([pattern]) => topic.search(pattern) >= 0)
    if (!route) throw new ConfigError([`RoutingKafkaTemplate: expected a pattern for topic ${topic}, got none.`])
    return route[1]
  }
}
