// Parses the queues that redrive reads besides dead-letter targets: those with messages that SQS, Lambda and
// EventBridge stopped retrying. The setting states each queue's role, because the content of a message is not trusted
// to do so.
import type { MessageRole } from '../raw-message.ts'

export interface SourceDlqConfig {
  readonly kind: 'source-dlq'
  readonly queueUrl: string
  /** The name of the queue whose DLQ this is, for messages that do not name it. */
  readonly sourceQueue?: string
}

export interface FailureDestinationConfig {
  readonly kind: 'failure-destination'
  readonly queueUrl: string
}

export type MessageQueueConfig = SourceDlqConfig | FailureDestinationConfig

interface MessageQueueKind {
  readonly syntax: string
  /** @returns undefined if the text does not have the form of `syntax` */
  parse(text: string): MessageQueueConfig | undefined
}

export const MESSAGE_QUEUE_KINDS: { readonly [N in MessageQueueConfig['kind']]: MessageQueueKind } = {
  'source-dlq': {
    syntax: 'source-dlq:<queue URL>?source=<queue>',
    parse: text => {
      const url = queueUrlIn(text)
      if (!url) return undefined
      const sourceQueue = url.searchParams.get('source') ?? undefined
      const hasOther = [...url.searchParams.keys()].some(name => name !== 'source')
      if (hasOther || sourceQueue === '') return undefined
      const [queueUrl = ''] = text.split('?')
      return { kind: 'source-dlq', queueUrl, ...(sourceQueue === undefined ? {} : { sourceQueue }) }
    },
  },
  'failure-destination': {
    syntax: 'failure-destination:<queue URL>',
    parse: text => (queueUrlIn(text)?.search === '' ? { kind: 'failure-destination', queueUrl: text } : undefined),
  },
}

export function roleOf(config: MessageQueueConfig): MessageRole {
  return config.kind === 'source-dlq'
    ? { kind: 'source-dlq', sourceQueue: config.sourceQueue }
    : { kind: 'failure-destination' }
}

/** Parses the URL of a queue; a query is allowed, user info and fragment are not. */
export function queueUrlIn(text: string): URL | undefined {
  const url = URL.parse(text)
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:'
  return isHttp && url.pathname.length > 1 && url.username === '' && url.hash === '' ? url : undefined
}
