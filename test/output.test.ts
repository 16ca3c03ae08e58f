// The command's progress: a bar on a terminal, plain lines elsewhere.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { progress } from '../bin/output.ts'

function written(work: () => void): string {
  const write = mock.method(process.stderr, 'write', () => true)
  try {
    work()
    return write.mock.calls.map(({ arguments: [text] }) => String(text)).join('')
  } finally {
    write.mock.restore()
  }
}

test('on a terminal a bar is redrawn in place and cleared at the end', () => {
  const output = written(() => {
    const bar = progress(200, true)
    bar.update(100, '100 sent')
    bar.end()
  })
  assert.match(output, /^\r\u001b\[2K\[#{15} {15}\] 100 of 200 100 sent\r\u001b\[2K$/)
})

test('elsewhere a line is printed every five seconds, without control characters', () => {
  const output = written(() => {
    const bar = progress(undefined, false)
    bar.update(100, '100 sent\u001b[2J')
    bar.update(200, '200 sent')
    bar.end()
  })
  assert.equal(output, '100: 100 sent\\u001b[2J\n')
})
