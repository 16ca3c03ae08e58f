// Which targets may be missing, and which topics hold dead letters.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { deadLetterTopicsOf, isNotCreatedYet } from '../../lib/redrive/open-dead-letters.ts'
import { parseRedriveSources } from '../../lib/redrive/redrive-sources.ts'

const targets = 'disk:/mnt/letters,sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters'
const config = parseConfig({ bootstrapServers: ['127.0.0.1:9'], deadLetter: targets }, {})

test('only a configured target that storing creates may be missing', () => {
  const [disk, queue] = config.deadLetter
  const [named] = parseRedriveSources('disk:/mnt/letters', 'from', assert.fail)
  assert.ok(disk && queue && named)
  const rows = [
    ['not-found', disk, true],
    ['unavailable', disk, false],
    [undefined, disk, false],
    ['not-found', queue, false],
    ['not-found', named, false],
  ] as const
  for (const [code, source, expected] of rows) assert.equal(isNotCreatedYet(code, source, config), expected, code)
})

test('a topic holds dead letters if one of the places is that topic', () => {
  const holds = deadLetterTopicsOf(parseRedriveSources(`${targets},kafka:{topic}-dlt`, 'from', assert.fail))
  assert.deepEqual(
    ['chat-dlt', 'chat', 'dlt'].map(topic => holds(topic)),
    [true, false, false],
  )
  assert.equal(deadLetterTopicsOf(config.deadLetter)('chat-dlt'), false)
})
