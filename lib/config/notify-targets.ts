import type { NotifyTargets } from './settings.ts'

/**
 * Parses KAFKA_DEAD_LETTER_NOTIFY: whom to notify after a dead letter is stored. Commas and % inside a target are
 * percent-encoded.
 */
export function parseNotifyTargets(text: string | undefined, problem: (text: string) => void): NotifyTargets {
  if (text === undefined) return []
  return text.split(',').flatMap((part): NotifyTargets => {
    const [kind, rest] = splitOnce(part.trim())
    if (kind === 'sns' && /^arn:[^:]+:sns:[^:]+:\d+:[A-Za-z0-9_-]+$/.test(rest)) return [{ kind, topicArn: rest }]
    if (kind === 'eventbridge' && /^[A-Za-z0-9._/:-]{1,256}$/.test(rest)) return [{ kind, bus: rest }]
    problem(
      'KAFKA_DEAD_LETTER_NOTIFY: expected sns:<topic ARN> or eventbridge:<bus>, several separated by commas; ' +
        'got something else.',
    )
    return []
  })
}

function splitOnce(text: string): [string, string] {
  const colon = text.indexOf(':')
  try {
    return [text.slice(0, colon), decodeURIComponent(text.slice(colon + 1))]
  } catch {
    return ['', '']
  }
}
