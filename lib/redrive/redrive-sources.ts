// Decides which targets, queues and buckets a redrive reads: KAFKA_DEAD_LETTER and KAFKA_REDRIVE_FROM, or those in the
// request.
import { parseTarget } from '../config/dead-letter-targets.ts'
import type { ProducerConfig } from '../config/settings.ts'
import { fitName, MAX_QUEUE_NAME } from '../contracts/fit-name.ts'
import type { SourceMessageReader } from '../dead-letter/raw-message.ts'
import { failureBucket } from '../dead-letter/s3/failure-bucket.ts'
import { MESSAGE_QUEUE_KINDS } from '../dead-letter/sqs/message-queues.ts'
import type { RedriveSource } from '../dead-letter/store-kinds.ts'
import { targetSyntaxes } from '../dead-letter/target-kinds.ts'
import { ConfigError } from '../errors.ts'

export type { RedriveSource } from '../dead-letter/store-kinds.ts'

type Problem = (text: string) => void
type Config = Pick<ProducerConfig, 'deadLetter' | 'redriveFrom' | 'redriveAllow'>

/** In a `source-dlq:`, stands for every queue that contracts claim. */
const EACH_QUEUE = '{queue}'
const FIFO = '.fifo'

interface MessageKind {
  readonly syntax: string
  parse(text: string): RedriveSource | undefined
}

/** What redrive reads besides targets. */
const MESSAGE_KINDS = { ...MESSAGE_QUEUE_KINDS, 'failure-bucket': failureBucket }

/** @param setting the name of the setting, for messages */
export function parseRedriveSources(text: string, setting: string, report: Problem): readonly RedriveSource[] {
  const problem: Problem = text => report(`${setting}: ${text}`)
  return withoutRepeats(text.split(',').flatMap(part => parseSource(part.trim(), problem) ?? []))
}

function parseSource(text: string, problem: Problem): RedriveSource | undefined {
  const colon = text.indexOf(':')
  const kind = text.slice(0, colon)
  const kinds: Readonly<Record<string, MessageKind>> = MESSAGE_KINDS
  const messageKind = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  const syntaxes = [...targetSyntaxes(), ...Object.values(MESSAGE_KINDS).map(({ syntax }) => syntax)]
  if (!messageKind) return parseTarget(text, { use: 'read', isInsideLambda: false, problem }, syntaxes)
  const source = messageKind.parse(text.slice(colon + 1))
  if (!source) problem(`expected ${messageKind.syntax}; got something else.`)
  return source
}

/**
 * Returns the sources of a redrive without `from`: the targets in their order, then those of KAFKA_REDRIVE_FROM.
 * @throws ConfigError if KAFKA_REDRIVE_FROM is invalid
 */
export function configuredSources(config: Config, reader: SourceMessageReader | undefined): readonly RedriveSource[] {
  return withoutRepeats([...config.deadLetter, ...sourcesIn('KAFKA_REDRIVE_FROM', config.redriveFrom, reader)])
}

/**
 * Returns the sources that `from` of an event may name. Others are refused, because a foreign broker, bucket or queue
 * would receive signed requests or a password.
 * @throws ConfigError if KAFKA_REDRIVE_FROM or KAFKA_REDRIVE_ALLOW is invalid
 */
export function allowedSources(config: Config, reader: SourceMessageReader | undefined): readonly RedriveSource[] {
  return [...configuredSources(config, reader), ...sourcesIn('KAFKA_REDRIVE_ALLOW', config.redriveAllow, reader)]
}

/** Returns the sources with each `{queue}` replaced by the queues of the contracts. */
export function eachSource(
  sources: readonly RedriveSource[],
  reader: SourceMessageReader | undefined,
  sourceQueue?: string,
): readonly RedriveSource[] {
  return sources.flatMap((source): RedriveSource[] => {
    if (source.kind !== 'source-dlq') return [source]
    const { kind, queueUrl } = source
    if (!queueUrl.includes(EACH_QUEUE)) {
      const queue = source.sourceQueue ?? sourceQueue
      return [{ kind, queueUrl, ...(queue === undefined ? {} : { sourceQueue: queue }) }]
    }
    return (reader?.queues ?? []).map(queue => ({ kind, queueUrl: dlqUrl(queueUrl, queue), sourceQueue: queue }))
  })
}

/** Finds the allowed source that is the same target, queue or bucket, read in the same way. */
export function allowedSource(source: RedriveSource, allowed: readonly RedriveSource[]): RedriveSource | undefined {
  return allowed.find(each => identityOf(each) === identityOf(source))
}

function sourcesIn(
  setting: string,
  text: string | undefined,
  reader: SourceMessageReader | undefined,
): readonly RedriveSource[] {
  if (text === undefined) return []
  const problems: string[] = []
  const sources = parseRedriveSources(text, setting, problem => problems.push(problem))
  if (problems.length > 0) throw new ConfigError(problems)
  return eachSource(sources, reader)
}

function withoutRepeats(sources: readonly RedriveSource[]): readonly RedriveSource[] {
  return [...new Map(sources.map(source => [identityOf(source), source])).values()]
}

/** Returns what identifies a source, without the options that only affect writing or parsing. */
function identityOf(source: RedriveSource): string {
  const identity = source.kind === 'failure-bucket' ? { ...source, lambda: source.lambda.name } : source
  return JSON.stringify({ ...identity, fsync: undefined, maxBytes: undefined, sourceQueue: undefined })
}

/**
 * Returns the URL of a queue's DLQ. The DLQ of a FIFO queue ends with .fifo too, and a long name is shortened as in the
 * template.
 */
function dlqUrl(pattern: string, queue: string): string {
  const fifo = queue.endsWith(FIFO) ? FIFO : ''
  const url = `${pattern.replace(EACH_QUEUE, queue.slice(0, queue.length - fifo.length))}${fifo}`
  const start = url.lastIndexOf('/') + 1
  return `${url.slice(0, start)}${fitName(url.slice(start), MAX_QUEUE_NAME)}`
}
