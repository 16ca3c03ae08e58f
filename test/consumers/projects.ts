// The projects in this folder: each a folder with a package.json. `packageManager` is what installs it (npm without
// one); the script `start` ends with the line "ok".
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Project {
  readonly name: string
  readonly description: string
  readonly folder: string
  /** Names and versions of the packages that it uses in addition to the library. */
  readonly versions: string
  readonly install: readonly string[]
  /** The start of the command that runs a script; its name follows. */
  readonly runScript: readonly string[]
  readonly hasBuild: boolean
  /** It sends with the source that the projects share, send.ts, beside its own. */
  readonly sharesSource: boolean
}

export const NPM_OPTIONS = ['--prefer-offline', '--no-audit', '--no-fund', '--silent']
const NPM_RUN = ['npm', 'run', '--silent']

const FOLDER = import.meta.dirname

/** @param names of projects; all without one. @throws Error for a name that none has */
export function projects(names: readonly string[]): readonly Project[] {
  const all = readdirSync(FOLDER)
    .filter(name => existsSync(join(FOLDER, name, 'package.json')))
    .map(readProject)
  const unknown = names.filter(name => !all.some(project => project.name === name))
  if (unknown.length > 0)
    throw new Error(`Expected projects of ${all.map(({ name }) => name).join(', ')}; got ${unknown.join(', ')}.`)
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name))
}

function readProject(name: string): Project {
  const folder = join(FOLDER, name)
  const { description, dependencies, devDependencies, packageManager, scripts } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  )
  const used = Object.entries<string>({ ...dependencies, ...devDependencies })
  return {
    name,
    description,
    folder,
    versions: [
      ...(packageManager ? [packageManager] : []),
      ...used.filter(([, version]) => !version.startsWith('file:')).map(each => each.join('@')),
    ].join(' '),
    ...packageManagerCommands(packageManager),
    hasBuild: scripts.build !== undefined,
    sharesSource: readdirSync(folder).some(file => /^main\..*ts$/.test(file)),
  }
}

function packageManagerCommands(packageManager = 'npm'): Pick<Project, 'install' | 'runScript'> {
  const [manager, version] = packageManager.split('@')
  switch (manager) {
    case 'npm':
      return { install: ['npm', 'install', ...NPM_OPTIONS], runScript: NPM_RUN }
    case 'pnpm':
      return {
        install: ['npx', '--yes', `pnpm@${version}`, 'install', '--no-frozen-lockfile', '--prefer-offline'],
        // The scripts use what pnpm installed; `pnpm run` would first look for another pnpm.
        runScript: NPM_RUN,
      }
    case 'yarn': {
      const yarn = ['npx', '--yes', '--package', `@yarnpkg/cli-dist@${version}`, 'yarn']
      return { install: [...yarn, 'install', '--no-immutable'], runScript: [...yarn, 'run'] }
    }
  }
  throw new Error(`Expected npm, pnpm or yarn as packageManager, got ${packageManager}.`)
}
