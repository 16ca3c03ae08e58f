/** The invocations that use one factory's producers at present; with concurrency in one process there are several. */
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
