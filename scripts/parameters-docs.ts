// Writes the table of parameters in docs/deploy-reference.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { defaultTextOf, type Parameter } from './template/parameters/parameter.ts'
import { PARAMETER_GROUPS } from './template/parameters/table.ts'

const DOCUMENT = 'docs/deploy-reference.md'
const TABLE = /(?<=<!-- parameters: npm run docs writes this table -->\n\n).*?(?=\n\n<!-- end of parameters -->)/s
const SUFFIX = { deployment: '', function: '[.<function>]', queue: '[.<queue>]' } as const

/** Returns the document with an up-to-date table. */
export function withParameters(document: string): string {
  if (!TABLE.test(document)) throw new Error(`${DOCUMENT}: expected the comments around the table of parameters.`)
  return document.replace(TABLE, () => table())
}

function table(): string {
  const head = '| `--param` | expected | default | does | acts on |\n|---|---|---|---|---|'
  const rows = Object.entries(PARAMETER_GROUPS).flatMap(([group, parameters]) => [
    `| **${group}** | | | | |`,
    ...Object.entries(parameters).map(([name, row]) => rowOf(name, row as Parameter)),
  ])
  return [head, ...rows].join('\n')
}

function rowOf(name: string, row: Parameter): string {
  const { about, actsOn, unit, kind, scope, defaultText } = row
  const value = defaultTextOf(row)
  const cells = [
    `\`${name}${SUFFIX[scope]}\``,
    `${kind.expected}${unit === undefined ? '' : `, ${unit}`}`,
    value === undefined ? (defaultText ?? 'none') : `\`${value}\``,
    about,
    actsOn,
  ]
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

if (import.meta.main) writeFileSync(DOCUMENT, withParameters(readFileSync(DOCUMENT, 'utf8')))
