// Condition and update expressions of DynamoDB, as far as stores of this repository write them:
// docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
import assert from 'node:assert/strict'

type Attribute = Readonly<Record<string, unknown>>
export type Item = Readonly<Record<string, Attribute>>

/** What a call has beside its expressions. */
export interface Placeholders {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues?: Item
}

/** Reads an expression from left to right; `item` is undefined when the table has no such item. */
class Reader {
  readonly #tokens: string[]
  readonly #item: Item
  readonly #placeholders: Placeholders

  constructor(expression: string, item: Item | undefined, placeholders: Placeholders) {
    this.#tokens = expression.match(/[(),]|[<>=]+|[#:\w]+/g) ?? []
    this.#item = item ?? {}
    this.#placeholders = placeholders
  }

  get isAtEnd(): boolean {
    return this.#tokens.length === 0
  }

  takeIf(token: string): boolean {
    if (this.#tokens[0] !== token) return false
    this.#tokens.shift()
    return true
  }

  expect(token: string): void {
    assert.ok(this.takeIf(token), `expected ${token}, got ${this.#tokens[0]}`)
  }

  name(): string {
    const token = this.#tokens.shift() ?? ''
    const name = token.startsWith('#') ? this.#placeholders.ExpressionAttributeNames?.[token] : token
    assert.ok(name, `${token} is not defined`)
    return name
  }

  operand(): Attribute | undefined {
    if (!this.#tokens[0]?.startsWith(':')) return this.#item[this.name()]
    const token = this.#tokens.shift() as string
    const value = this.#placeholders.ExpressionAttributeValues?.[token]
    assert.ok(value, `${token} is not defined`)
    return value
  }

  any(): boolean {
    let isTrue = this.#all()
    while (this.takeIf('OR')) isTrue = this.#all() || isTrue
    return isTrue
  }

  #all(): boolean {
    let isTrue = this.#one()
    while (this.takeIf('AND')) isTrue = this.#one() && isTrue
    return isTrue
  }

  #one(): boolean {
    if (this.takeIf('NOT')) return !this.#one()
    if (this.takeIf('(')) {
      const isTrue = this.any()
      this.expect(')')
      return isTrue
    }
    for (const test of ['attribute_exists', 'attribute_not_exists', 'attribute_type'])
      if (this.takeIf(test)) return this.#function(test)
    return this.#comparison()
  }

  #function(test: string): boolean {
    this.expect('(')
    const value = this.#item[this.name()]
    const type = this.takeIf(',') ? this.operand() : undefined
    this.expect(')')
    if (test === 'attribute_type') return value !== undefined && String(type?.S) in value
    return (value !== undefined) === (test === 'attribute_exists')
  }

  #comparison(): boolean {
    const left = this.operand()
    const operator = this.#tokens.shift()
    const right = this.operand()
    if (operator === '=') return left !== undefined && JSON.stringify(left) === JSON.stringify(right)
    if (operator === '<') return isLess(left, right)
    if (operator === '>') return isLess(right, left)
    assert.equal(operator, 'BETWEEN')
    this.expect('AND')
    const most = this.operand()
    return isNumber(left) && !isLess(left, right) && !isLess(most, left)
  }
}

const isNumber = (value: Attribute | undefined): boolean => value !== undefined && 'N' in value

/** Values of different types do not compare. */
function isLess(a: Attribute | undefined, b: Attribute | undefined): boolean {
  return isNumber(a) && isNumber(b) && Number(a?.N) < Number(b?.N)
}

export function holds(condition: string | undefined, item: Item | undefined, placeholders: Placeholders): boolean {
  if (condition === undefined) return true
  const reader = new Reader(condition, item, placeholders)
  const isTrue = reader.any()
  assert.ok(reader.isAtEnd, `${condition} has more than one condition`)
  return isTrue
}

/** `SET name = operand, … REMOVE name, …` */
export function update(expression: string, item: Item | undefined, placeholders: Placeholders): Item {
  const reader = new Reader(expression, item, placeholders)
  const updated: Record<string, Attribute> = { ...item }
  if (reader.takeIf('SET'))
    do {
      const name = reader.name()
      reader.expect('=')
      const value = reader.operand()
      assert.ok(value, `${expression} sets ${name} to an attribute that the item does not have`)
      updated[name] = value
    } while (reader.takeIf(','))
  if (reader.takeIf('REMOVE'))
    do delete updated[reader.name()]
    while (reader.takeIf(','))
  assert.ok(reader.isAtEnd, `${expression} has more than SET and REMOVE`)
  return updated
}
