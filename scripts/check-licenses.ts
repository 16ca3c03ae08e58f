// Checks that every package of the lockfile has a licence that allows use and redistribution of this project.
import { readFileSync } from 'node:fs'

const ALLOWED = new Set([
  'MIT',
  'MIT-0',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
  'Python-2.0',
  'PSF-2.0',
])

interface Locked {
  readonly license?: string
  readonly dev?: boolean
}

/** `A OR B` needs one allowed licence, `A AND B` needs both to be allowed. */
function isAllowed(license: string): boolean {
  return license
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some(choice => choice.split(' AND ').every(part => ALLOWED.has(part.trim())))
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> }
const installed = Object.entries(packages).filter(([path]) => path.startsWith('node_modules/'))
const problems = installed
  .filter(([, { license }]) => license === undefined || !isAllowed(license))
  .map(([path, { license = 'none', dev }]) => `${path}: ${license}${dev ? ' (development only)' : ''}`)
for (const problem of problems) console.error(problem)
console.log(`${installed.length} packages, ${problems.length} with a licence that is not in ALLOWED`)
process.exit(problems.length === 0 && installed.length > 0 ? 0 : 1)
