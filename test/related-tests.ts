// Finds the unit tests near a change, which a contributor runs before a commit.
import { basename, dirname } from 'node:path'

/** Tests of the repository as a whole: words, comments, documents, twins. Any change can break them. */
export const STYLE_TESTS = ['comments', 'docs', 'duplicates', 'errors', 'layers', 'public-types', 'vocabulary'].map(
  name => `test/${name}.test.ts`,
)

/**
 * Returns the changed tests, those that import a changed file themselves or through one file of `test/`, and those that
 * have its name and folder.
 * @param importsOf the files that a file imports
 */
export function relatedTests(
  changed: readonly string[],
  tests: readonly string[],
  importsOf: (file: string) => readonly string[],
): string[] {
  const isChanged = new Set(changed)
  const reaches = (file: string): boolean => isChanged.has(file)
  const importsChanged = (test: string): boolean =>
    importsOf(test).some(file => reaches(file) || (file.startsWith('test/') && importsOf(file).some(reaches)))
  const names = new Set(changed.map(namesake))
  return tests.filter(test => isChanged.has(test) || names.has(namesake(test)) || importsChanged(test))
}

/** The same for `lib/send/drainer.ts` and its test in `test/send/`. */
function namesake(file: string): string {
  const folder = dirname(file).replace(/^(lib|functions|test)\//, '')
  return `${folder}/${basename(file).replace(/(\.test)?\.ts$/, '')}`
}
