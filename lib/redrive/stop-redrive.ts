// Asks a redrive in another process to stop. The request is written to the lease of its targets; the redrive reads it
// before its next batch and ends with `stop-requested`.
import type { StopRequest } from '../dead-letter/dead-letter-store.ts'
import { storeKindOf } from '../dead-letter/store-kinds.ts'
import { ConfigError, KafkaProducerError } from '../errors.ts'
import { isNotCreatedYet, openDeadLetterStore } from './open-dead-letters.ts'
import { messageOf } from './redrive-counts.ts'
import { parseRedriveRequest, type RedriveRequest } from './redrive-request.ts'
import type { RedriveSource } from './redrive-sources.ts'
import { type RedriveContext, sourcesOf } from './run-redrive.ts'

export interface StopResult {
  /** The target or queue, without secrets, e.g. `disk:/var/dead-letters`. */
  readonly target: string
  /** `failed`: the request could not be written. */
  readonly result: StopRequest | 'failed'
  readonly error?: string
}

/**
 * Parses the event `{"stop": true}`, which may name what the redrive reads by `from`.
 * @param allowed the sources that `from` may name
 * @throws ConfigError with every problem at once
 */
export function parseStopRequest(
  event: Readonly<Record<string, unknown>>,
  allowed?: readonly RedriveSource[],
): Pick<RedriveRequest, 'from'> {
  const { stop, from, ...others } = event
  const problems = Object.keys(others).map(name => `${name}: unknown field; with stop, expected only from.`)
  if (stop !== true) problems.push('stop: expected true.')
  if (problems.length > 0) throw new ConfigError(problems)
  return parseRedriveRequest({ from }, allowed)
}

/** @returns one result per target, in order. If a target can't be asked, the later ones still are */
export async function stopRedrive(
  request: Pick<RedriveRequest, 'from'>,
  context: Pick<RedriveContext, 'config' | 'readSourceMessage' | 'warn'>,
): Promise<StopResult[]> {
  const results: StopResult[] = []
  for (const source of sourcesOf(request, context))
    results.push({ target: storeKindOf(source).describe(source), ...(await stopOne(source, context)) })
  return results
}

async function stopOne(
  source: RedriveSource,
  context: Pick<RedriveContext, 'config' | 'readSourceMessage' | 'warn'>,
): Promise<Pick<StopResult, 'result' | 'error'>> {
  try {
    const store = await openDeadLetterStore(source, context.config, context)
    return { result: await store.requestStop().finally(() => store.close()) }
  } catch (error) {
    const code = error instanceof KafkaProducerError ? error.code : undefined
    if (isNotCreatedYet(code, source, context.config)) return { result: 'not-running' }
    return { result: 'failed', error: messageOf(error) }
  }
}
