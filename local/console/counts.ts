// Counts records in topics and messages in queues for the console. Several windows share one count.
import type { SQSClient } from '@aws-sdk/client-sqs'
import type { TopicReader } from '../../lib/redrive/open-dead-letters.ts'
import type { RedriveSource } from '../../lib/redrive/redrive-sources.ts'
import { queueDepth } from '../sqs/queue-contents.ts'

/** How long a count of a topic may take while brokers are down, ms. */
const COUNT_MS = 1000
/** How long a count is reused, ms. */
const FRESH_MS = 1000

export interface CountsOptions {
  readonly reader: Pick<TopicReader, 'partitions' | 'end'>
  readonly topics: readonly string[]
  readonly sqs: SQSClient
  /** The targets and queues that a redrive reads. */
  readonly sources: readonly RedriveSource[]
  readonly queues: readonly { readonly name: string; readonly url: string }[]
}

/** Returns a function that counts; null means that a topic or queue did not answer. */
export function createCounts({ reader, topics, sqs, sources, queues }: CountsOptions): () => Promise<object> {
  let answer: Promise<object> | undefined
  const urls = sources.flatMap(source => ('queueUrl' in source && source.kind !== 'sqs' ? [source.queueUrl] : []))
  const count = async () => {
    const [waiting, records, messages] = await Promise.all([
      Promise.all(urls.map(url => orNull(queueDepth(sqs, url)))),
      Promise.all(topics.map(async topic => [topic, await orNull(recordsIn(reader, topic))] as const)),
      Promise.all(queues.map(async ({ name, url }) => [name, await orNull(queueDepth(sqs, url))] as const)),
    ])
    return {
      topics: Object.fromEntries(records),
      queues: Object.fromEntries(messages),
      // Counted and not listed, because listing a source DLQ receives its messages, which hides them from a redrive.
      inSources: waiting.reduce<number>((sum, depth) => sum + (depth ?? 0), 0),
    }
  }
  return () => {
    if (answer) return answer
    answer = count()
    void answer.finally(() => {
      setTimeout(() => {
        answer = undefined
      }, FRESH_MS).unref()
    })
    return answer
  }
}

async function recordsIn(reader: CountsOptions['reader'], topic: string): Promise<number> {
  const partitions = await reader.partitions(topic, COUNT_MS)
  const ends = await Promise.all(
    Array.from({ length: partitions }, (_, partition) => reader.end(topic, partition, COUNT_MS)),
  )
  return Number(ends.reduce((sum, end) => sum + end, 0n))
}

/** Null instead of an error: the page shows that there is no answer, and continues. */
async function orNull(count: Promise<number>): Promise<number | null> {
  return count.catch(() => null)
}
