// Runs each row of docs/bad-inputs.md against its trigger or parser, which must give the response and the log of the
// row. `WRITE_DOCS=true npm test -- test/functions/bad-input-table.test.ts` writes the page.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { BAD_VALUES, type BadInput, OTHER_INPUTS } from '../support/bad-inputs.ts'
import { assertNothingShown, VALUES } from '../support/bad-values.ts'
import type { BadInputResult } from '../support/surfaces.ts'

const PAGE = 'docs/bad-inputs.md'
/** Columns of the table of values; the surfaces of one column do the same. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  HTTP: ['HTTP'],
  queue: ['SQS', 'SNS in SQS', 'S3 in SQS', 'EventBridge in SQS', 'Pipes, queue'],
  bus: ['EventBridge', 'Pipes, events'],
  program: ['program'],
}

async function run({ run }: BadInput): Promise<BadInputResult> {
  const result = await run()
  assertNothingShown(result.shown)
  return result
}

/** @param isRefused whether what is invalid stays with its caller */
async function sameOfAll(inputs: readonly BadInput[], isRefused: boolean): Promise<{ answer: string; log: string }> {
  let first: { answer: string; log: string } | undefined
  for (const input of inputs) {
    const { answer, log, ends } = await run(input)
    assert.equal(ends, isRefused && !answer.includes('delivered') ? 0 : 1, input.surface)
    first ??= { answer, log }
    assert.deepEqual({ answer, log }, first, input.surface)
  }
  return first ?? { answer: 'not possible', log: 'nothing' }
}

function logAfter(answer: string): string {
  const code = /`(.+)`/.exec(answer)?.[1]
  return code ? `dead-lettered 1, ${code} 1` : 'delivered 1'
}

const valueRows: string[] = []
for (const [name] of VALUES)
  test(`${name}: one answer per kind of surface, counted in the log`, async () => {
    const cells: string[] = []
    // One after the other, as a harness records the console.
    for (const [column, surfaces] of Object.entries(COLUMNS)) {
      const inputs = BAD_VALUES.filter(input => input.name === name && surfaces.includes(input.surface))
      const { answer, log } = await sameOfAll(inputs, column === 'HTTP')
      cells.push(answer)
      if (column === 'HTTP') cells.push(log)
      else if (log !== 'nothing') assert.equal(log, logAfter(answer), 'the log has what became of it')
    }
    valueRows.push(`| ${name} | ${cells.join(' | ')} |`)
  })

const otherRows: string[] = []
for (const input of OTHER_INPUTS)
  test(`${input.surface}: ${input.name}: has its answer, and its place in the log`, async () => {
    const { answer, log } = await run(input)
    otherRows.push(`| ${input.surface} | ${input.name} | ${answer} | ${log} |`)
  })

test('the page of bad inputs has what they end as', () => {
  const page = readFileSync(PAGE, 'utf8')
  const expected = [
    page.slice(0, page.indexOf('\n| input |')),
    '| input | HTTP | log of HTTP | queue | bus | program |',
    '|---|---|---|---|---|---|',
    ...valueRows,
    '',
    '## Inputs of one surface only',
    '| surface | input | ends as | log |',
    '|---|---|---|---|',
    ...otherRows,
    '',
  ].join('\n')
  if (process.env.WRITE_DOCS === 'true') writeFileSync(PAGE, expected)
  assert.equal(readFileSync(PAGE, 'utf8'), expected)
})
