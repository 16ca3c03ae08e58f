// Every package of the lockfile has a licence that lets this project be used and given on.
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

/** Of a choice one that is allowed is enough; of a conjunction all must be. */
function isAllowed(license: string): boolean {
  return license
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some(choice => choice.split(' AND ').every(part => ALLOWED.has(part.trim())))
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> }
const own = Object.entries(packages).filter(([path]) => path.startsWith('node_modules/'))
const problems = own
  .filter(([, { license }]) => license === undefined || !isAllowed(license))
  .map(([path, { license = 'none', dev }]) => `${path}: ${license}${dev ? ' (only to build)' : ''}`)
for (const problem of problems) console.error(problem)
console.log(`${own.length} packages, ${problems.length} with a licence that is not on the list`)
process.exit(problems.length === 0 && own.length > 0 ? 0 : 1)
