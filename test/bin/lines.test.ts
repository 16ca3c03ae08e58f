// Lines of standard input are values of records, so they are split only at line ends and not changed otherwise.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLines } from '../../bin/lines.ts'

async function linesOf(...chunks: readonly (string | Uint8Array)[]): Promise<string[]> {
  const input = async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk as Uint8Array)
  }
  return (await Array.fromAsync(readLines(input()))).map(line => line.toString('latin1'))
}

// The original bug: a JSON text with U+2028 became two records that are not JSON.
test('a line ends at a newline, or a carriage return and a newline, and at nothing else', async () => {
  const line = Buffer.from('{"a":"x\u2028y\u2029z\rw"}')
  assert.deepEqual(await linesOf(line, '\n', 'b\r\n', 'c'), [line.toString('latin1'), 'b', 'c'])
  assert.deepEqual(await linesOf('\n\n', '\r\n', ''), ['', '', ''])
  assert.deepEqual(await linesOf(), [])
})

test('lines are the same however the input is split into chunks', async () => {
  const text = 'one\r\n\ntwo\rthree\n\r\nfour\r'
  const whole = await linesOf(text)
  assert.deepEqual(whole, ['one', '', 'two\rthree', '', 'four'])
  for (let at = 0; at <= text.length; at++) assert.deepEqual(await linesOf(text.slice(0, at), text.slice(at)), whole)
  assert.deepEqual(await linesOf(...text), whole)
})

test('bytes that are not UTF-8 stay as they are', async () => {
  assert.deepEqual(await linesOf(Buffer.from([0xff, 0xfe, 0x0a, 0x80])), ['\xff\xfe', '\x80'])
})
