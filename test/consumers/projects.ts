// The projects in this folder: each a folder with a package.json. `packageManager` is what installs it (npm without
// one); the script `start` ends with the line "ok".
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Project {
  readonly name: string
  readonly description: string
  readonly folder: string
  /** Names and versions of what it uses beside the library. */
  readonly versions: string
  readonly install: readonly string[]
  /** The start of the command that runs a script; its name follows. */
  readonly runScript: readonly string[]
  readonly hasBuild: boolean
  /** It sends with the source that the projects share, send.ts, beside its own. */
  readonly sharesSource: boolean
}

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
    sharesSource: readdirSync(folder).some(file => file.startsWith('main.') && file.endsWith('ts')),
  }
}

function packageManagerCommands(packageManager = 'npm'): Pick<Project, 'install' | 'runScript'> {
  const [manager] = packageManager.split('@')
  if (manager === 'npm')
    return {
      install: ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--silent'],
      runScript: ['npm', 'run', '--silent'],
    }
  throw new Error(`Expected a package manager that is known here, got ${packageManager}.`)
}
