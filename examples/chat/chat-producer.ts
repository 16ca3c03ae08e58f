// Sends chat messages as JSON to the topic `chat`.
import type { KafkaTemplate, SendResult } from 'serverless-kafka-producer'
import type { Chat } from './chat.ts'

export interface Log {
  info(text: string): void
  error(text: string): void
}

export class ChatProducer {
  readonly #template: KafkaTemplate<string, string>
  readonly #log: Log

  constructor(template: KafkaTemplate<string, string>, log: Log = console) {
    this.#template = template
    this.#log = log
  }

  /** Asynchronous: logs the offset, or the error, when the promise completes. */
  sendChat(chat: Chat): void {
    const future = this.#template.send('chat', chat.room, JSON.stringify(chat))
    future.then(
      ({ recordMetadata }) =>
        this.#log.info(`Sent message of room [${chat.room}] with offset=[${recordMetadata.offset}]`),
      error => this.#log.error(`Unable to send message of room [${chat.room}] due to: ${error.message}`),
    )
  }

  /** Synchronous: waits for the result. */
  sendChatAndWait(chat: Chat): Promise<SendResult<string, string>> {
    return this.#template.send('chat', chat.room, JSON.stringify(chat))
  }
}
