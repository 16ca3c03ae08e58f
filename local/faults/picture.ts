// Draws docs/faults.svg, the picture in the README, from a run of the fault rig (npm run faults -- --json FILE).
// node local/faults/picture.ts FILE
import { readFileSync, writeFileSync } from 'node:fs'
import { FAULTS } from './faults.ts'

interface Run {
  readonly seed: number
  readonly rows: readonly (Readonly<Record<string, number>> & { readonly fault: string })[]
  readonly controls: readonly { readonly name: string; readonly lost: number }[]
}

const LINE = 22
const WIDTH = 1000
const COLUMNS = [
  { title: 'strikes', x: 620 },
  { title: 'acknowledged', x: 725 },
  { title: 'dead letters', x: 815 },
  { title: 'lost', x: 860 },
  { title: 'duplicated', x: 930 },
  { title: 'no fate', x: 985 },
] as const

const ACCESSIBILITY = 'role="img" aria-label="A run of the fault rig"'
const STYLE = [
  'text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#1f2328}',
  '.title{font-weight:600;font-size:15px}',
  '.head{fill:#59636e}',
  '.name{font-weight:600}',
  '.end{text-anchor:end;font-variant-numeric:tabular-nums}',
  '.good{fill:#1a7f37}',
  '.bad{fill:#cf222e;font-weight:600}',
].join('')

const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const text = (x: number, y: number, content: string, attributes = '') =>
  `<text x="${x}" y="${y}" ${attributes}>${escapeXml(content)}</text>`

function faultsPicture({ seed, rows, controls }: Run): string {
  const lines: string[] = []
  let y = 34
  lines.push(
    text(
      20,
      y,
      `npm run faults: every record is looked up in the log and the dead letters (seed ${seed})`,
      'class="title"',
    ),
  )
  y += 30
  lines.push(...COLUMNS.map(({ title, x }) => text(x, y, title, 'class="head end"')))
  for (const row of rows) {
    y += LINE
    const what = FAULTS.find(({ name }) => name === row.fault)?.what ?? ''
    const of = (name: string) => row[name] ?? 0
    const counts = [of('strikes'), of('acked'), of('deadLettered'), of('lost'), of('duplicated'), of('noFate')]
    lines.push(text(20, y, row.fault, 'class="name"'), text(60, y, what.length > 78 ? `${what.slice(0, 77)}…` : what))
    counts.forEach((count, index) => {
      const tone = index > 2 ? (count === 0 ? ' good' : ' bad') : ''
      lines.push(text(COLUMNS[index]?.x ?? 0, y, count.toLocaleString('en'), `class="end${tone}"`))
    })
  }
  y += LINE / 2
  const descriptions: Readonly<Record<string, string>> = {
    'kafkajs-send': 'control: kafkajs’s send while leaders move',
    'kafkajs-idempotent': 'control: 20 idempotent sends side by side of kafkajs while leaders move',
    'kafkajs-acks-1': 'control: kafkajs with acks=1, a leader is killed',
    'sqs-failures-ignored': 'control: SQS without ReportBatchItemFailures',
    'dead-letters-off': 'control: dead letters off, the result ignored',
  }
  for (const { name, lost } of controls) {
    y += LINE
    lines.push(
      text(60, y, descriptions[name] ?? name),
      text(COLUMNS[name === 'dead-letters-off' ? 5 : 3].x, y, lost.toLocaleString('en'), 'class="end bad"'),
    )
  }
  const height = y + 24
  const size = `width="${WIDTH}" height="${height}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${WIDTH} ${height}" ${ACCESSIBILITY}>
<style>${STYLE}</style>
<rect width="${WIDTH}" height="${height}" rx="8" fill="#fff" stroke="#d1d9e0"/>
${lines.join('\n')}
</svg>
`
}

if (import.meta.main) {
  const [file] = process.argv.slice(2)
  if (file === undefined) throw new Error('Expected the JSON file of a run: npm run faults -- --json FILE.')
  writeFileSync('docs/faults.svg', faultsPicture(JSON.parse(readFileSync(file, 'utf8')) as Run))
}
