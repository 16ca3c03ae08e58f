// How a key is found in a value: JSON pointers, and the digits of numbers that a double can't hold.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { atTextPointer } from '../../lib/contracts/at-text-pointer.ts'
import { parseExactly } from '../../lib/contracts/exact-json.ts'
import { fitName, shortHash } from '../../lib/contracts/fit-name.ts'
import { atPointer, pointerParts } from '../../lib/contracts/pointer.ts'
import { replaceInexactNumbers, writtenTwins } from '../../lib/contracts/written-numbers.ts'
import { JsonText, NumberText } from '../../lib/record/json-text.ts'

const jsonText = (text: string) => new JsonText(text, JSON.parse(text))

test('a pointer has a part for each slash, with ~1 for a slash and ~0 for a tilde', () => {
  for (const [pointer, parts] of [
    ['', []],
    ['/', ['']],
    ['/a', ['a']],
    ['/a/0/', ['a', '0', '']],
    ['/a~1b/c~0d', ['a/b', 'c~d']],
    ['/~01', ['~1']],
  ] as const)
    assert.deepEqual(pointerParts(pointer), parts, pointer)
})

test('a pointer finds own fields and items of lists, and nothing else', () => {
  const document = { a: { b: [10, { c: null }] }, '': 1, 'x/y': 2 }
  for (const [pointer, value] of [
    ['', document],
    ['/', 1],
    ['/x~1y', 2],
    ['/a/b/0', 10],
    ['/a/b/1/c', null],
    ['/a/b/1/c/d', undefined],
    ['/a/b/2', undefined],
    ['/a/b/00', undefined],
    ['/a/b/-', undefined],
    ['/a/b/length', undefined],
    ['/a/b/0/x', undefined],
    ['/constructor', undefined],
    ['/none/b', undefined],
  ] as const)
    assert.equal(atPointer(document, pointer), value, pointer)
  assert.equal(atPointer('text', '/length'), undefined)
  assert.equal(atPointer(null, '/a'), undefined)
})

test('a number at a pointer of a text has its digits as they are written', () => {
  const text = jsonText('{"a":{"n":9007199254740993,"f":1.50,"t":"x"},"list":[1,[2.0]]}')
  for (const [pointer, digits] of [
    ['/a/n', '9007199254740993'],
    ['/a/f', '1.50'],
    ['/list/0', '1'],
    ['/list/1/0', '2.0'],
  ] as const) {
    const number = atTextPointer(text, pointer)
    assert.ok(number instanceof NumberText, pointer)
    assert.equal(number.text, digits)
  }
  assert.equal(atTextPointer(text, '/a/t'), 'x')
  assert.equal(atTextPointer(text, '/a/none'), undefined)
})

test('an object at a pointer keeps its form, unless a number of it needs its digits', () => {
  const text = jsonText('{"a":{"b":[1, 2]},"c":{"y":1,"x":[9007199254740993]}}')
  assert.deepEqual(atTextPointer(text, '/a'), { b: [1, 2] })
  const exact = atTextPointer(text, '/c')
  assert.ok(exact instanceof JsonText)
  assert.equal(exact.text, '{"y":1,"x":[9007199254740993]}')
  assert.deepEqual(exact.parsed, { y: 1, x: [9007199254740992] })
})

test('a text is parsed with its digits where a double can’t hold them', () => {
  const parsed = parseExactly(jsonText('{"a":[1,9007199254740993],"b":"9007199254740993","__proto__":1e400,"c":2}'))
  assert.deepEqual(Object.keys(parsed as object), ['a', 'b', '__proto__', 'c'])
  const { a, b, c } = parsed as { a: unknown[]; b: unknown; c: unknown }
  assert.deepEqual([a[0], (a[1] as NumberText).text, b, c], [1, '9007199254740993', '9007199254740993', 2])
  assert.deepEqual(Object.getOwnPropertyDescriptor(parsed, '__proto__')?.value, new NumberText('1e400'))
  const whole = parseExactly(jsonText('9007199254740993'))
  assert.equal((whole as NumberText).text, '9007199254740993')
  const plain = jsonText('{"a":1}')
  assert.equal(parseExactly(plain), plain.parsed)
  assert.deepEqual(parseExactly(new JsonText('{"a":1}')), { a: 1 })
})

test('numbers that a double holds stay; others are replaced, outside of texts', () => {
  const mark = (text: string) => replaceInexactNumbers(text, (number, decimal) => `<${number}|${decimal}>`)
  for (const same of [
    '[1,2.5,-3,1e3,1.50,0.1,100000000000000000000]',
    '{"9007199254740993":"a\\"9007199254740993"}',
    '[1234567890123456]',
    '[0.30000000000000004]',
    '[0e5,-0.0000000000000000]',
  ])
    assert.equal(mark(same), same)
  assert.equal(mark('[9007199254740993,1]'), '[<9007199254740993|9007199254740993e0>,1]')
  assert.equal(mark('[-9007199254740993.50]'), '[<-9007199254740993.50|-90071992547409935e-1>]')
  assert.equal(mark('[1e400, 2]'), '[<1e400|1e400>, 2]')
  assert.equal(mark('[15E+399]'), '[<15E+399|15e399>]')
  assert.equal(mark('[1.5e-399]'), '[<1.5e-399|15e-400>]')
  assert.equal(mark('{"a":"\\\\","b":9007199254740993}'), '{"a":"\\\\","b":<9007199254740993|9007199254740993e0>}')
  assert.equal(mark('[1e999999999999999]'), '[<1e999999999999999|1E999999999999999>]')
})

test('equal numbers have one text however they are written', () => {
  const decimalOf = (number: string) => {
    let decimal = ''
    replaceInexactNumbers(`[${number}]`, (_, text) => {
      decimal = text
      return number
    })
    return decimal
  }
  for (const [one, other] of [
    ['9007199254740993', '9007199254740993.0'],
    ['9007199254740993', '90071992547409930e-1'],
    ['90071992547409930', '9007199254740993E1'],
    ['1e400', '10e399'],
    ['1e400', '0.1e401'],
  ] as const)
    assert.equal(decimalOf(one), decimalOf(other))
  assert.notEqual(decimalOf('9007199254740993'), decimalOf('9007199254740995'))
  assert.notEqual(decimalOf('9007199254740993'), decimalOf('-9007199254740993'))
})

test('lists and objects have a copy with the numbers that differ only as they are written', () => {
  const text = '{"list":[9007199254740993,9007199254740992,9007199254740993],"other":[1]}'
  const value = JSON.parse(text)
  const twins = writtenTwins(value, text)
  const [first, second, third] = twins.get(value.list) as unknown[]
  assert.equal(first, third)
  assert.notEqual(first, second)
  assert.equal(second, 9007199254740992)
  assert.deepEqual(twins.get(value.other), [1])
  assert.ok(twins.has(value))
  assert.equal(writtenTwins(value, JSON.stringify(value)).size, 0)
})

test('a name that is too long is cut, with a hash of all of it; .fifo stays at the end', () => {
  assert.equal(fitName('a'.repeat(80), 80), 'a'.repeat(80))
  const long = 'b'.repeat(81)
  assert.equal(fitName(long, 80), `${'b'.repeat(71)}-${shortHash(long)}`)
  const fifo = `${'c'.repeat(80)}.fifo`
  assert.equal(fitName(fifo, 80), `${'c'.repeat(66)}-${shortHash(fifo)}.fifo`)
  assert.equal(fitName(fifo, 80).length, 80)
  assert.match(shortHash('a'), /^[0-9a-f]{8}$/)
})
