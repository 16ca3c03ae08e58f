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
    let now = 0
    const bar = progress(undefined, false, () => now)
    bar.update(1, '1 sent')
    now = 4999
    bar.update(2, '2 sent')
    now = 5000
    bar.update(100, '100 sent\u001b[2J')
    now = 9999
    bar.update(200, '200 sent')
    now = 10_000
    bar.update(300, '300 sent')
    bar.end()
  })
  assert.equal(output, '100: 100 sent\\u001b[2J, 20/s\n300: 300 sent, 30/s\n')
})
