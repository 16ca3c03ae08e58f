// Parses KAFKA_DEAD_LETTER and similar settings → targets in order. Each kind parses the text of its targets.
import type { TargetParseContext } from '../dead-letter/dead-letter-target.ts'
import { type DeadLetterTargetConfig, kindNamed, kindOf, targetSyntaxes } from '../dead-letter/target-kinds.ts'
import { nearestTo } from '../record/nearest-name.ts'

export const DEFAULT_LOCAL_TARGETS = 'disk:./.dead-letters'

export interface DeadLetterTargetsContext extends Omit<TargetParseContext, 'problem'> {
  /** The name of the setting, for messages. */
  readonly setting: string
}

/** Lambda sets AWS_EXECUTION_ENV, e.g. to `AWS_Lambda_nodejs24.x`; the local runtime does not. */
export function isInsideLambda(env: NodeJS.ProcessEnv): boolean {
  return env.AWS_EXECUTION_ENV?.startsWith('AWS_Lambda_') ?? false
}

/** Targets, tried left to right; commas and % inside a target are percent-encoded. */
export function parseDeadLetterTargets(
  text: string | undefined,
  { setting, ...context }: DeadLetterTargetsContext,
  report: (text: string) => void,
): readonly DeadLetterTargetConfig[] {
  const problem = (text: string) => report(`${setting}: ${text}`)
  if (text === undefined && context.isInsideLambda) {
    problem('expected a target inside Lambda, e.g. sqs:<queue URL>, or none; got nothing.')
    return []
  }
  const list = text ?? DEFAULT_LOCAL_TARGETS
  if (list.trim() === 'none') return []
  const targets = new Map<string, DeadLetterTargetConfig>()
  for (const part of list.split(',')) {
    const target = parseTarget(part.trim(), { ...context, problem })
    if (!target) continue
    const identity = JSON.stringify(target)
    if (targets.has(identity)) problem('expected each target once, got the same one twice.')
    targets.set(identity, Object.freeze(target))
  }
  const inOrder = Object.freeze([...targets.values()])
  if (context.use === 'write' && inOrder.length > 0 && inOrder.every(isOnSameCluster))
    problem(
      'expected a target beside kafka: on the same cluster, which is down when it is needed; ' +
        'or kafka:…@host:port of another one.',
    )
  return inOrder
}

/** @param syntaxes the accepted forms, for the message about another form */
export function parseTarget(
  text: string,
  context: TargetParseContext,
  syntaxes: readonly string[] = ['none', ...targetSyntaxes()],
): DeadLetterTargetConfig | undefined {
  const colon = text.indexOf(':')
  const name = text.slice(0, Math.max(0, colon))
  const kind = kindNamed(name)
  const rest = decode(text.slice(colon + 1))
  const target = rest === undefined ? undefined : kind?.parse(rest, context)
  if (target) return target
  const names = syntaxes.map(syntax => syntax.split(':')[0] as string)
  context.problem(
    kind
      ? `expected ${kind.syntax}, got another form.`
      : `expected ${syntaxes.slice(0, -1).join(', ')} or ${syntaxes.at(-1)}, several separated by commas; got ` +
          `${shownKind(name)}.${suggestion(name, names)}`,
  )
  return undefined
}

/** Only a short word is shown: anything else may be a secret in the wrong place. */
function shownKind(name: string): string {
  if (name === '') return 'a text without a kind'
  return /^[a-z][a-z0-9-]{0,19}$/i.test(name) ? `${name}:` : 'something else'
}

function suggestion(name: string, names: readonly string[]): string {
  const near = name.length > 2 ? nearestTo(name, names) : undefined
  return near === undefined ? '' : ` Did you mean ${near}:?`
}

function isOnSameCluster(config: DeadLetterTargetConfig): boolean {
  return kindOf(config).isOnSameCluster?.(config) ?? false
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
