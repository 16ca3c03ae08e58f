// Counts what code looks at: tests compare the counts of small and large inputs, so no time on the wall decides.

/** Returns the object with every read of a property counted, for arrays also those of its own methods. */
export function counting<T extends object>(target: T, counter: { reads: number }): T {
  return new Proxy(target, {
    get(object, property, receiver) {
      counter.reads++
      return Reflect.get(object, property, receiver)
    },
  })
}

/** Steps per item must not grow with the number of items: 8 times the items, at most 1.5 times the steps of each. */
export function isLinear(stepsFor: (items: number) => number): boolean {
  const items = 250
  return stepsFor(8 * items) / (8 * items) <= (1.5 * stepsFor(items)) / items
}
