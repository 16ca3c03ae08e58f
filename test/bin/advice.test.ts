import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adviceFor } from '../../bin/advice.ts'

// `redrive --to nosuch` advised to use --to.
test('where --to names the topic, the advice is about --to', () => {
  for (const code of ['unknown-topic', 'topic-not-on-cluster']) {
    assert.match(adviceFor([code])[0] ?? '', /use --to <topic>/)
    const [line = ''] = adviceFor([code], 'oders')
    assert.match(line, /the topic of --to, oders, .*; correct --to/)
  }
  assert.deepEqual(adviceFor(['too-old'], 'oders'), adviceFor(['too-old']))
  assert.deepEqual(adviceFor(['constructor', 'unreachable'], 'oders'), [])
})
