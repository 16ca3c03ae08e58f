// What a user can do about dead letters that a redrive kept.

/** What to type or to do, by the code that the redrive reports. */
const ADVICE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'too-old': 'the topic would delete them at once; --timestamp now sends them with the current time',
    superseded: 'a newer record has their key; --overwrite sends them all the same',
    'retention-unknown':
      'the settings of their topic can’t be read; grant DESCRIBE_CONFIGS on it, or use --assume-retained',
    'completion-unknown':
      'an unreadable part of their target may say that they were sent; repair it, or use --no-verify',
    'unknown-topic': 'their topic has no contract; add one, or use --to <topic>, --any-topic, or dead-letters discard',
    'topic-not-on-cluster': 'their topic does not exist; create it, use --to <topic>, or dead-letters discard',
    'claim-missing': 'the target that keeps their values can’t be read; name it in KAFKA_DEAD_LETTER or --from',
    authorization: 'grant WRITE on their topic, then run it again',
    'record-too-large': 'raise the topic’s max.message.bytes and max.request.size, or dead-letters edit',
    'other-cluster': 'they were sent to another cluster; --other-cluster sends them here',
    'message-not-whole':
      'their message contains others that are not sent; set KAFKA_DEAD_LETTER to a target that can store those',
    'still-in-doubt': 'their batch may still reach the log; run it again in some minutes',
    'log-deleted': 'they may have been in the deleted part of the log; --error log-deleted --no-verify sends them',
    'look-up-stopped': 'the look-up took too long; run it again, or use --no-verify',
    'look-up-incomplete':
      'they may be in a part of the log that can’t be read; --error look-up-incomplete --no-verify sends them',
  }),
)

/**
 * Returns one line of advice per code; none for codes that nobody can do something about.
 * @param to the topic of `--to`
 */
export function adviceFor(codes: Iterable<string>, to?: string): string[] {
  return [...codes].flatMap(code => {
    const text =
      code === 'topic-not-on-cluster' && to !== undefined
        ? `the topic of --to, ${to}, does not exist; correct --to, or create the topic`
        : ADVICE.get(code)
    return text === undefined ? [] : [`  ${code}: ${text}.`]
  })
}
