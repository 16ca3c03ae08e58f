// docs/architecture.md names types, functions and callbacks of the source: a rename there must be noticed.
// That the document is up to date is a test of lint.test.ts.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { callbacksText, checkStage, STAGES, type Stage, unknownInDiagram } from '../scripts/record-path.ts'

const [first] = STAGES as [Stage]

test('every stage of a record has a type, a function that returns it and someone who holds it', () => {
  const parts = STAGES.map(({ after }) => after.replace(/,.*/, ''))
  for (const part of ['parse', 'validate', 'serialize', 'partition', 'accumulate', 'send', 'report', 'dead letter'])
    assert.ok(parts.includes(part), part)
  for (const stage of STAGES) checkStage(stage)
})

test('a type, a function or a holder that is renamed in the source is an error that says what is there', () => {
  const [typeName, typeFile] = first.type
  assert.throws(() => checkStage({ ...first, type: [`${typeName}X`, typeFile] }), /expected SourceRecordX in .*, got /)
  assert.throws(() => checkStage({ ...first, madeBy: [['parsed', 'lib/lambda/sqs-event.ts']] }), /expected parsed in /)
  assert.throws(
    () => checkStage({ ...first, heldBy: [['SourceItem.entries', 'functions/batch/source-item.ts']] }),
    /expected entries in SourceItem/,
  )
})

test('a function that returns another type, or a holder of another one, is an error', () => {
  assert.throws(() => checkStage({ ...first, madeBy: [['toReport', 'lib/delivery/delivery-report.ts']] }), /to make a/)
  assert.throws(
    () => checkStage({ ...first, heldBy: [['PartitionState.batch', 'lib/send/partition-state.ts']] }),
    /hold/,
  )
})

test('a call, a callback or a class that the diagram has and the source has not is found', () => {
  const [diagram = ''] = /^sequenceDiagram$.*?^```$/ms.exec(readFileSync('docs/architecture.md', 'utf8')) ?? []
  assert.deepEqual(unknownInDiagram(diagram), [])
  const renamed = (from: string, to: string) => unknownInDiagram(diagram.replace(from, to)).join()
  assert.match(renamed('watch(record)', 'guard(record)'), /: guard$/)
  assert.match(renamed('onCompleted(', 'onDone('), /: onDone$/)
  assert.match(renamed('as KafkaClient', 'as KafkaDriver'), /^KafkaDriver/)
})

test('the table of callbacks has those of the Sender, its parts, its callers and its requests', () => {
  const rows = callbacksText().split('\n').slice(2)
  for (const [owner, callback] of [
    ['SenderOptions', 'onCompleted'],
    ['Appender', 'onAppended'],
    ['RecordCompleter', 'onPassed'],
    ['RecordCaller', 'completed'],
    ['ProduceRequest', 'beginWrite'],
  ])
    assert.ok(
      rows.some(row => row.startsWith(`| \`${owner}\` | \`${callback}\` |`)),
      callback,
    )
  for (const row of rows) assert.match(row, /\.ts` \| [A-Z`].*\. \|$/)
})
