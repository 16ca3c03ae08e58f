// Packs the library, installs it into projects as its users have them, builds each and runs it on the oldest and the
// current Node, and prints a matrix: `npm run consumers`, or `npm run consumers -- require nestjs` for some of them.
import { execFile } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from '../../local/processes.ts'
import { NPM_OPTIONS, type Project, projects } from './projects.ts'

/** The oldest Node of `engines`: >=22.19.0. */
const OLDEST_NODE: string = JSON.parse(readFileSync('package.json', 'utf8')).engines.node.replace('>=', '')
/** Longer than any step takes: one that hangs must not block the others. */
const STEP_MS = 240_000

const run = promisify(execFile)

/** @param node the folder of the Node that runs the command and what it starts */
async function command(line: readonly string[], cwd: string, node: string): Promise<string> {
  const [file = '', ...args] = line
  // Without what npm tells its scripts, which would configure the npm of the project.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_OPTIONS$/i.test(name)))
  const { stdout } = await run(file, args, {
    cwd,
    env: { ...env, PATH: [node, process.env.PATH].join(delimiter), NO_COLOR: '1', CI: 'true' },
    timeout: STEP_MS,
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}

/** Of a release, the file that will be published: PACKED_LIBRARY. */
async function pack(folder: string, node: string): Promise<void> {
  if (process.env.PACKED_LIBRARY) return copyFileSync(process.env.PACKED_LIBRARY, join(folder, 'library.tgz'))
  const [packed] = JSON.parse(await command(['npm', 'pack', '--json', '--pack-destination', folder], '.', node))
  renameSync(join(folder, packed.filename), join(folder, 'library.tgz'))
}

/** @returns the folder of the binary */
async function installNode(version: string, folder: string, node: string): Promise<string> {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{}')
  await command(['npm', 'install', ...NPM_OPTIONS, `node@${version}`], folder, node)
  return join(folder, 'node_modules/node/bin')
}

/** @returns the result for each Node, and the text of what failed */
async function check(project: Project, root: string, nodes: ReadonlyMap<string, string>): Promise<Result> {
  const begin = Date.now()
  const folder = join(root, project.name)
  cpSync(project.folder, folder, { recursive: true })
  if (project.sharesSource) copyFileSync(join(dirname(project.folder), 'send.ts'), join(folder, 'send.ts'))
  const passed: string[] = []
  const errors: string[] = []
  const [current = ''] = nodes.values()
  const attempt = async (what: string, steps: () => Promise<void>) =>
    steps().catch(error => {
      errors.push(`${project.name}, ${what}: ${error.message}\n${error.stdout ?? ''}`)
    })
  await attempt('install and build', async () => {
    await command(project.install, folder, current)
    if (project.hasBuild) await command([...project.runScript, 'build'], folder, current)
    for (const [version, node] of nodes)
      await attempt(`Node ${version}`, async () => {
        const output = await command([...project.runScript, 'start'], folder, node)
        if (output.trimEnd().split('\n').at(-1) !== 'ok')
          throw new Error(`Expected ok in the last line, got:\n${output}`)
        passed.push(version)
      })
  })
  return { project, passed, errors, seconds: Math.round((Date.now() - begin) / 1000) }
}

interface Result {
  readonly project: Project
  /** The versions of Node on which it ran. */
  readonly passed: readonly string[]
  readonly errors: readonly string[]
  readonly seconds: number
}

function matrix(results: readonly Result[], versions: readonly string[]): string {
  const rows = results.map(({ project, passed, seconds }) => [
    project.name,
    project.description,
    project.versions,
    ...versions.map(version => (passed.includes(version) ? 'ok' : 'FAIL')),
    `${seconds} s`,
  ])
  const header = ['project', 'what it shows', 'with', ...versions.map(version => `Node ${version}`), 'time']
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map(row => row[column]?.length ?? 0)))
  return [header, ...rows].map(row => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n')
}

async function main(): Promise<void> {
  const chosen = projects(process.argv.slice(2))
  const root = temporaryFolder()
  const current = dirname(process.execPath)
  await pack(root, current)
  const nodes = new Map([
    [process.versions.node, current],
    [OLDEST_NODE, await installNode(OLDEST_NODE, join(root, 'oldest-node'), current)],
  ])
  const left = [...chosen]
  const results: Result[] = []
  const work = async () => {
    for (let project = left.shift(); project; project = left.shift()) {
      const result = await check(project, root, nodes)
      results.push(result)
      console.log(`${result.errors.length === 0 ? 'ok  ' : 'FAIL'} ${project.name} (${result.seconds} s)`)
    }
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work))
  results.sort((a, b) => chosen.indexOf(a.project) - chosen.indexOf(b.project))
  const errors = results.flatMap(result => result.errors)
  for (const error of errors) console.error(`\n${error}`)
  console.log(`\n${matrix(results, [...nodes.keys()])}`)
  process.exitCode = errors.length === 0 ? 0 : 1
}

await main()
