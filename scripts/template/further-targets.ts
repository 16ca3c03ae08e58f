// Dead-letter targets in addition to the template's own queue, and the recipients of notifications: their names and
// permissions.
import { parseDeadLetterTargets } from '../../lib/config/dead-letter-targets.ts'
import { parseNotifyTargets } from '../../lib/config/notify-targets.ts'
import { ConfigError } from '../../lib/errors.ts'
import { allow, type Statement } from './cloudformation.ts'
import { type FileSystemOptions, pathProblem } from './file-system.ts'
import { rightsOf } from './target-rights.ts'

/** Kafka's limit for the name of a topic. */
const MAX_TOPIC = 249

/**
 * The targets of KAFKA_DEAD_LETTER, which follow the template's own queue. Functions other than redrive may only write
 * to them.
 */
interface FurtherTargets {
  readonly chain: readonly string[]
  /** Permissions to write a dead letter. */
  readonly statements: readonly Statement[]
  /** Permissions to read and complete dead letters. */
  readonly readStatements: readonly Statement[]
  /** The dead-letter topics of these topics on the same cluster. */
  readonly deadLetterTopics: (topics: readonly string[]) => string[]
}

/**
 * Parses the targets.
 * @throws ConfigError for targets that the functions can't use
 */
export function furtherTargets(
  { KAFKA_DEAD_LETTER: setting }: NodeJS.ProcessEnv,
  fileSystem: FileSystemOptions,
): FurtherTargets {
  if (!setting) return { chain: [], statements: [], readStatements: [], deadLetterTopics: () => [] }
  const problems: string[] = []
  const [, ...targets] = parseDeadLetterTargets(
    `sqs:https://sqs.local/1/own,${setting}`,
    { setting: 'KAFKA_DEAD_LETTER', use: 'write', isInsideLambda: true },
    problem => problems.push(problem),
  )
  if (setting.trim() === 'none')
    problems.splice(
      0,
      problems.length,
      'KAFKA_DEAD_LETTER: expected targets to use after the template’s own queue, got none.',
    )
  for (const refusal of new Set(targets.map(target => rightsOf(target).refusal)))
    if (refusal !== undefined) problems.push(`KAFKA_DEAD_LETTER: ${refusal}`)
  for (const target of problems.length > 0 ? [] : targets) {
    const problem = pathProblem(rightsOf(target).path?.(target), fileSystem)
    if (problem !== undefined) problems.push(`KAFKA_DEAD_LETTER: ${target.kind}: ${problem}`)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    chain: [`,${setting}`],
    statements: targets.flatMap(target => rightsOf(target).write?.(target) ?? []),
    readStatements: targets.flatMap(target => rightsOf(target).read?.(target) ?? []),
    deadLetterTopics: topics =>
      checkTopics([...new Set(targets.flatMap(target => rightsOf(target).topics?.(target, topics) ?? []))]),
  }
}

/**
 * Checks names of topics.
 * @throws ConfigError for names that Kafka does not accept
 */
function checkTopics(topics: readonly string[]): string[] {
  const tooLong = topics.filter(topic => topic.length > MAX_TOPIC)
  if (tooLong.length > 0)
    throw new ConfigError(
      tooLong.map(
        topic => `KAFKA_DEAD_LETTER: expected topics of at most ${MAX_TOPIC} letters, got ${topic.length}: ${topic}.`,
      ),
    )
  return [...topics]
}

/** Permissions to publish notifications of dead letters. */
export function notifyStatements({ KAFKA_DEAD_LETTER_NOTIFY: setting }: NodeJS.ProcessEnv): Statement[] {
  return parseNotifyTargets(setting || undefined, () => {}).map(target => {
    if (target.kind === 'sns') return allow(['sns:Publish'], target.topicArn)
    const isArn = target.bus.startsWith('arn:')
    return allow(
      ['events:PutEvents'],
      isArn
        ? target.bus
        : { 'Fn::Sub': `arn:\${AWS::Partition}:events:\${AWS::Region}:\${AWS::AccountId}:event-bus/${target.bus}` },
    )
  })
}
