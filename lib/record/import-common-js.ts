/**
 * The exports of a CommonJS package that is imported on first use. In a bundle with chunks they are only on `default`;
 * anywhere else they have their names too.
 */
export async function importCommonJs<T extends object>(importing: Promise<T>): Promise<T> {
  const module: T & { readonly default?: T } = await importing
  return module.default ?? module
}
