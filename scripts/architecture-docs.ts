// Draws the dependencies between folders in docs/architecture.md from the imports.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { importsOf } from './imports.ts'

const FILE = 'docs/architecture.md'
const BEGIN = '<!-- imports: made by npm run docs -->'
const END = '<!-- /imports -->'
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

/** @returns the document with a new drawing */
export function architectureDocument(): string {
  const text = readFileSync(FILE, 'utf8')
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (before < 0 || after < before) throw new Error(`${FILE}: expected ${BEGIN} and ${END}.`)
  return `${text.slice(0, before + BEGIN.length)}\n${drawing()}\n${text.slice(after)}`
}

if (import.meta.main) writeFileSync(FILE, architectureDocument())
