/**
 * Counts the invocations that currently use the producers of one factory. With concurrency in one process there are
 * several.
 */
export class Invocations {
  readonly #scopes = new Set<object>()

  get active(): number {
    return this.#scopes.size
  }

  begin(scope: object): void {
    this.#scopes.add(scope)
  }

  end(scope: object): void {
    this.#scopes.delete(scope)
  }
}
