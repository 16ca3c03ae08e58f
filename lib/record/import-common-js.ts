/**
 * Returns the exports of a CommonJS package that is imported on first use. In a bundle with chunks, only `default` has
 * them; elsewhere the import has them by name as well.
 */
export async function importCommonJs<T extends object>(importing: Promise<T>): Promise<T> {
  const module: T & { readonly default?: T } = await importing
  return module.default ?? module
}
