// Import direction (see AGENTS.md): functions → lib; a stage imports no other stage but its types; record/ and errors.ts import
// nothing; only lib/transport/kafkajs imports kafkajs; AWS event types stay in functions/ and lib/lambda/.
import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { importsOf } from './imports.ts'

const STAGES = [
  'config',
  'validate',
  'serialize',
  'partition',
  'accumulate',
  'send',
  'delivery',
  'dead-letter',
  'lambda',
  'security',
]
/** Beside its own folder, each may import the code of these. `send` is the Sender over the transport's port. */
const ALLOWED: Record<string, readonly string[]> = {
  record: [],
  time: [],
  'wire-format': ['record', 'time', 'errors.ts'],
  accumulate: ['record', 'time', 'wire-format', 'errors.ts'],
  transport: ['record', 'time', 'wire-format', 'errors.ts'],
  send: ['record', 'time', 'transport', 'errors.ts'],
  delivery: ['record', 'time', 'transport', 'errors.ts'],
  'dead-letter': ['record', 'time', 'delivery', 'wire-format', 'errors.ts'],
  lambda: ['record', 'time', 'delivery', 'errors.ts'],
}
const FROM_ERRORS_ONLY = ['record', 'time', 'errors.ts']

function problemsOf(file: string): string[] {
  const folder = part(file)
  const problems: string[] = []
  for (const { target, file: resolved, isType } of importsOf(file)) {
    const wrong = (rule: string) => problems.push(`${file}: imports ${target}: ${rule}`)
    if (target.startsWith('kafkajs') && !file.startsWith('lib/transport/kafkajs/'))
      wrong('only lib/transport/kafkajs may import kafkajs')
    if (target === 'aws-lambda' && !/^(functions|lib\/lambda)\//.test(file))
      wrong('AWS event types stay in functions/ and lib/lambda/')
    if (resolved === undefined) continue
    if (!resolved.startsWith('lib/')) wrong('lib/ imports nothing outside lib/')
    const to = part(resolved)
    if (folder === undefined || to === undefined || to === folder || isType) continue
    const allowed = ALLOWED[folder] ?? (STAGES.includes(folder) ? FROM_ERRORS_ONLY : undefined)
    if (folder === 'errors.ts' || (allowed && !allowed.includes(to)))
      wrong(`${folder} may import code only of ${(allowed ?? []).join(', ') || 'nothing'}`)
  }
  return problems
}

/** The stage folder of a file, `errors.ts`, or undefined for the files that wire the stages. */
function part(file: string): string | undefined {
  const [, folder, rest] = file.split('/')
  return rest === undefined ? (folder === 'errors.ts' ? folder : undefined) : folder
}

const files = (readdirSync('lib', { recursive: true }) as string[])
  .filter(name => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  .map(name => relative('.', join('lib', name)))
const problems = files.flatMap(problemsOf)
for (const problem of problems) console.error(problem)
console.log(`${files.length} files, ${problems.length} forbidden imports`)
process.exit(problems.length === 0 && files.length > 0 ? 0 : 1)
