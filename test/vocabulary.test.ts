// Retired names and phrases do not come back. AGENTS.md lists the words in use.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const RETIRED_NAMES = [
  'Rider',
  'riders?',
  'Lanes?',
  'lanes?',
  'RecordFaultError',
  'faultCode',
  'brokerCode',
  'letterId',
  'letterFailed',
  'isLettered',
  'LetterStore',
  'RequestedRecord',
  'ourHeaders',
  'OUR_HEADERS',
  'poke',
  'Settler',
  'backstops?',
  'SkewWatch',
  'SerializingTurns',
]
const RETIRED_PHRASES = ['at fault', 'is told', 'are told', 'mended']

/** Files that keep old names on purpose: what version 0.1 wrote, decisions, changes, upgrades, and this test. */
const KEEPS_OLD_NAMES = [
  /^CHANGELOG\.md$/,
  /^docs\/adr\//,
  /^docs\/upgrading\.md$/,
  /^lib\/dead-letter\/version-1\.ts$/,
  /^test\/dead-letter\/(version-1\.test\.ts$|samples-0\.1\/)/,
  /^test\/vocabulary\.test\.ts$/,
  /package-lock\.json$|\.png$/,
]

const NAME = new RegExp(`\\b(?:${RETIRED_NAMES.join('|')})\\b`)
/** The words of a phrase may be on two lines of a comment or a paragraph. */
const GAP = String.raw`\s+(?:(?://|\*|#|>)\s*)?`
const PHRASE = new RegExp(`\\b(?:${RETIRED_PHRASES.map(phrase => phrase.replaceAll(' ', GAP)).join('|')})\\b`, 'i')

function retiredIn(text: string): string[] {
  return [NAME, PHRASE].flatMap(pattern =>
    [...text.matchAll(new RegExp(pattern, `g${pattern.flags}`))].map(match => {
      const line = text.slice(0, match.index).split('\n').length
      return `${line}: ${match[0].replaceAll(/\s+/g, ' ')}`
    }),
  )
}

test('code, tests and documents use no retired name and no retired phrase', () => {
  const tracked = spawnSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).stdout.split('\0')
  const files = tracked.filter(file => file !== '' && !KEEPS_OLD_NAMES.some(pattern => pattern.test(file)))
  assert.ok(files.length > 300, `${files.length} files`)
  const retired = files.flatMap(file => retiredIn(readFileSync(file, 'utf8')).map(place => `${file}:${place}`))
  assert.deepEqual(retired, [])
})

test('the search finds whole words, and phrases across two lines', () => {
  for (const name of RETIRED_NAMES) {
    const word = name.replace('?', '')
    assert.deepEqual(retiredIn(`const a = 1\nuse(${word})`), [`2: ${word}`])
    assert.deepEqual(retiredIn(`un${word}ed`), [])
  }
  assert.deepEqual(retiredIn('// the caller is\n// told'), ['1: is // told'])
  assert.deepEqual(retiredIn('/**\n * A record is at\n * Fault.\n */'), ['2: at * Fault'])
  assert.deepEqual(retiredIn('commended, at faults, is tolded'), [])
})
