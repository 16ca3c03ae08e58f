// Counts reads of data: tests compare the counts for small and large inputs, so they don't depend on measured time.
import type { TestContext } from 'node:test'

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

/** Counts the reads of a getter on all objects of a class until the test ends. (A mock would keep a stack per read.) */
export function countReads<T extends object>(context: TestContext, prototype: T, name: keyof T): { reads: number } {
  const counter = { reads: 0 }
  const original = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor
  Object.defineProperty(prototype, name, {
    ...original,
    get() {
      counter.reads++
      return original.get?.call(this)
    },
  })
  context.after(() => Object.defineProperty(prototype, name, original))
  return counter
}

/** A text whose readings are counted, by character. */
export function countedText(text: string) {
  const source = {
    steps: 0,
    length: text.length,
    charCodeAt: (at: number) => {
      source.steps++
      return text.charCodeAt(at)
    },
    slice: (start: number, end: number) => {
      source.steps += Math.max(0, end - start)
      return text.slice(start, end)
    },
  }
  return source
}
