import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adviceFor } from '../../bin/advice.ts'

// `redrive --to nosuch` advised to use --to.
test('where --to names the topic, the advice is about --to', () => {
  assert.match(adviceFor(['topic-not-on-cluster'])[0] ?? '', /use --to <topic>/)
  const [line = ''] = adviceFor(['topic-not-on-cluster'], 'oders')
  assert.match(line, /the topic of --to, oders, does not exist; correct --to/)
  assert.deepEqual(adviceFor(['too-old'], 'oders'), adviceFor(['too-old']))
  assert.deepEqual(adviceFor(['constructor', 'unreachable'], 'oders'), [])
})
