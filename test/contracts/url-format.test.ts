// The format `url` of ajv-formats takes a quadratic time: 30 kB of colons kept a function busy for seconds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import formats from 'ajv-formats/dist/formats.js'
import fc from 'fast-check'
import { createSchemaCompiler } from '../../lib/contracts/schema-compiler.ts'

const theirs = formats.fullFormats.url as RegExp
const compile = await createSchemaCompiler({ schemas: [{ type: 'string', format: 'url' }] })
const check = compile('t', { type: 'string', format: 'url' })
const takes = (text: string) => check(text).violations.length === 0

const label = fc.stringMatching(/^[a-z0-9é-]{0,6}$/)
const host = fc.oneof(
  fc.ipV4(),
  fc.array(label, { maxLength: 4 }).map(labels => labels.join('.')),
  fc.domain(),
)
const url = fc
  .tuple(
    fc.constantFrom('http://', 'https://', 'ftp://', 'HTTP://', 'gopher://', ''),
    fc.constantFrom('', 'user@', 'user:word@', 'user:@', ':@', '@'),
    host,
    fc.constantFrom('', ':80', ':', ':1', ':123456'),
    fc.oneof(fc.constant(''), fc.webPath(), fc.constantFrom('/a b', '/?q=1#x', '?q')),
  )
  .map(parts => parts.join(''))

test('a text is a URL where the pattern of ajv-formats says so', () => {
  fc.assert(fc.property(url, text => assert.equal(takes(text), theirs.test(text), text)))
})

test('a user’s name ends at the first @ or slash', () => {
  assert.deepEqual(['http://a@b@c.de', 'http://a/b@c.de'].map(takes), [false, false])
})

test('any text of 900,000 characters is checked in bounded time', () => {
  for (const part of [':', 'a', 'a.', '@', 'a-', '1.', 'a:', '/'])
    assert.equal(takes(`http://${part.repeat(900_000 / part.length)} `), false, part)
})
