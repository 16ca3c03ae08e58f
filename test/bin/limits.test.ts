// --limit counts over all targets, and the exit status says whether more remain.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deadLetterOf } from '../support/dead-letter.ts'
import { idsIn, inPlace, parked, placeOf } from '../support/stored-dead-letters.ts'

const twoPlaces = async () => [
  await placeOf([parked(deadLetterOf('a')), parked(deadLetterOf('b'))]),
  await placeOf([parked(deadLetterOf('c')), parked(deadLetterOf('d', 'v', 'other'))]),
]

// The original bugs: with more left both commands ended with status 0, and the limit counted per target: `--limit 3`
// could discard six.
for (const [verb, args] of [
  ['discarded', 'dead-letters discard --yes'],
  ['unparked', 'dead-letters unpark'],
] as const)
  test(`${verb} up to a limit: status 1 while more match, 0 when none is left`, async () => {
    const run = inPlace(...(await twoPlaces()))
    const some = await run(`${args} --topic chat --limit 2`)
    assert.equal(some.status, 1, some.stderr)
    assert.match(
      some.stderr,
      new RegExp(`^2 dead letters ${verb}\\.\nMore dead letters match than --limit allows\\.`, 'm'),
    )
    assert.deepEqual(idsIn((await run('dead-letters list --parked --json')).stdout), ['c', 'd'])
    const rest = await run(`${args} --topic chat --limit 2`)
    assert.equal(rest.status, 0, rest.stderr)
    assert.match(rest.stderr, new RegExp(`^1 dead letter ${verb}\\.\n$`, 'm'))
    assert.deepEqual(idsIn((await run('dead-letters list --parked --json')).stdout), ['d'])
  })

test('a redrive tries no more than its limit, over all targets', async () => {
  const places = [await placeOf([deadLetterOf('a'), deadLetterOf('b')]), await placeOf([deadLetterOf('c')])]
  const run = inPlace(...places)
  const dryRun = 'redrive --dry-run --no-verify --any-topic --json --limit'
  const triedIn = (stdout: string) => stdout.split('\n').filter(line => line.includes('"would-send"')).length
  const [two, three] = [await run(`${dryRun} 2`), await run(`${dryRun} 3`)]
  assert.equal(triedIn(two.stdout), 2)
  assert.match(two.stderr, /More dead letters match than --limit allows/)
  assert.equal(triedIn(three.stdout), 3)
  assert.doesNotMatch(three.stderr, /More dead letters/)
})
