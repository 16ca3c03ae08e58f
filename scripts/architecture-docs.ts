// Writes the parts of docs/architecture.md that come from the source: the way of a record, the Sender's callbacks, the
// dependencies between folders.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { importsOf } from './imports.ts'
import { callbacksText, stagesText, unknownInDiagram } from './record-path.ts'

const FILE = 'docs/architecture.md'
/** Nearly every folder imports these, so their lines would hide the others. */
const EVERYWHERE = new Set(['lib/record', 'lib/time', 'lib/errors.ts', 'lib/testing'])

/**
 * Maps a file to its part: `functions/http/x.ts` → `functions/http`, `lib/send/x.ts` → `lib/send`,
 * `lib/kafka-producer.ts` → itself.
 */
function part(file: string): string {
  return file.split('/').slice(0, 2).join('/')
}

function importEdges(): string[] {
  const edges = new Set<string>()
  for (const file of globSync(['lib/**/*.ts', 'functions/**/*.ts', 'bin/*.ts']).filter(
    name => !name.endsWith('.d.ts'),
  )) {
    for (const { file: target, isType } of importsOf(file)) {
      if (isType || target === undefined) continue
      const [from, to] = [part(file), part(target)]
      if (from !== to && !from.startsWith('bin/') && !EVERYWHERE.has(from) && !EVERYWHERE.has(to))
        edges.add(`${from} ${to}`)
    }
  }
  return [...edges].sort()
}

const isStage = (name: string) => !name.endsWith('.ts')

/** Draws the imports between folders. Of the files in lib/ itself, only those that connect the stages are drawn. */
function drawing(): string {
  const wiring = new Set(['lib/kafka-producer.ts', 'lib/producer-factory.ts', 'lib/create-dead-letter-publisher.ts'])
  const shown = importEdges()
    .map(edge => edge.split(' ') as [string, string])
    .filter(pair => pair.every(name => isStage(name) || wiring.has(name)))
  const id = (name: string) => name.replaceAll(/[^a-z]/g, '_')
  const label = (name: string) => name.replace(/^lib\//, '').replace(/\.ts$/, '')
  const names = [...new Set(shown.flat())].sort()
  const lines = [
    ...names.map(name => `  ${id(name)}["${label(name)}"]`),
    ...shown.map(([from, to]) => `  ${id(from)} --> ${id(to)}`),
  ]
  return ['```mermaid', 'flowchart TB', ...lines, '```'].join('\n')
}

/** Replaces what is between the marks of a part: `<!-- name: made by npm run docs -->` and `<!-- /name -->`. */
function withPart(text: string, name: string, part: string): string {
  const [begin, end] = [`<!-- ${name}: made by npm run docs -->`, `<!-- /${name} -->`]
  const [before, after] = [text.indexOf(begin), text.indexOf(end)]
  if (before < 0 || after < before) throw new Error(`${FILE}: expected ${begin} and ${end}.`)
  return `${text.slice(0, before + begin.length)}\n${part}\n${text.slice(after)}`
}

/**
 * @returns the document with its parts made anew
 * @throws Error when it, or what its parts are made of, has a name that the source does not have
 */
export function architectureDocument(): string {
  const parts = { stages: stagesText(), callbacks: callbacksText(), imports: drawing() }
  let text = readFileSync(FILE, 'utf8')
  for (const [name, part] of Object.entries(parts)) text = withPart(text, name, part)
  const diagram = /^sequenceDiagram$.*?^```$/ms.exec(text)?.[0] ?? ''
  const unknown = unknownInDiagram(diagram)
  if (diagram === '' || unknown.length > 0)
    throw new Error(
      `${FILE}: expected a sequence diagram with names of the source, got ${unknown.join('; ') || 'none'}.`,
    )
  return text
}

if (import.meta.main) writeFileSync(FILE, architectureDocument())
