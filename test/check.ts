// npm run check: what a contributor needs before a commit, in under a minute and without a cluster: style, import
// direction, types, dead code, and the unit tests near what changed since the branch left main.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { importsOf } from '../scripts/imports.ts'
import { UNIT } from './layers.ts'
import { relatedTests, STYLE_TESTS } from './related-tests.ts'

const git = (...args: string[]): string[] =>
  execFileSync('git', args, { encoding: 'utf8' })
    .split(/[\n\0]/)
    .filter(Boolean)

/** Committed since the branch left main, changed or new; on main itself, changed or new. */
function changedFiles(): string[] {
  const [base] = git('for-each-ref', '--format=%(refname)', 'refs/remotes/origin/main', 'refs/heads/main')
  const since = base === undefined ? 'HEAD' : (git('merge-base', base, 'HEAD')[0] ?? 'HEAD')
  // With -z, Git does not quote names that are not ASCII.
  const all = [...git('diff', '-z', '--name-only', since), ...git('ls-files', '-z', '--others', '--exclude-standard')]
  return [...new Set(all)].filter(file => existsSync(file))
}

const imports = new Map<string, readonly string[]>()
function importedFiles(file: string): readonly string[] {
  if (!/\.[jt]s$/.test(file) || !existsSync(file)) return []
  const known = imports.get(file) ?? importsOf(file).flatMap(entry => entry.file ?? [])
  imports.set(file, known)
  return known
}

/** @returns whether the command succeeded; its output is printed if it did not */
function passes(name: string, command: string, args: readonly string[]): Promise<boolean> {
  return new Promise(resolve => {
    const output: Buffer[] = []
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk))
    child.on('error', () => resolve(false))
    child.on('close', code => {
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}`)
      if (code !== 0) process.stdout.write(Buffer.concat(output))
      resolve(code === 0)
    })
  })
}

const tests = [...STYLE_TESTS, ...relatedTests(changedFiles(), globSync(UNIT), importedFiles)]
const files = [...new Set(tests)].sort()
const script = (name: string) => passes(`npm run ${name}`, 'npm', ['run', '-s', name])
const results = await Promise.all([
  script('lint').then(async isOk => (await script('typecheck')) && (await script('deadcode')) && isOk),
  passes(`${files.length} test files: npm test -- ${files.join(' ')}`, process.execPath, ['test/run.ts', ...files]),
])
process.exit(results.every(Boolean) ? 0 : 1)
