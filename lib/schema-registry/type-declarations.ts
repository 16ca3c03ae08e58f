// Builds the text of TypeScript declarations.

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

/** Assigns TypeScript names to the types of one schema. */
export class TypeNames {
  readonly #root: string
  readonly #used = new Set<string>()

  /** @param root the name of the whole schema's type, which is the prefix of the others */
  constructor(root: string) {
    this.#root = root
    this.#used.add(root)
  }

  /** @param full the full name in the schema; its last part is used unless another type has it */
  take(full: string): string {
    const short = this.#root + pascalCase(full.slice(full.lastIndexOf('.') + 1))
    const long = this.#root + pascalCase(full)
    let name = this.#used.has(short) ? long : short
    for (let count = 2; this.#used.has(name); count++) name = `${long}${count}`
    this.#used.add(name)
    return name
  }
}

export function declaration(name: string, text: string, doc: string | undefined): string {
  return `${comment(doc, '')}export type ${name} = ${text}`
}

export function comment(doc: string | undefined, indent: string): string {
  if (doc === undefined || doc.trim() === '') return ''
  const lines = doc
    .trim()
    .replaceAll('*/', '*\\/')
    .split(/\s*[\r\n\u2028\u2029]+\s*/)
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`
  return `${indent}/**\n${lines.map(line => `${indent} * ${line}\n`).join('')}${indent} */\n`
}

export function property(name: string): string {
  return IDENTIFIER.test(name) ? name : JSON.stringify(name)
}

function pascalCase(name: string): string {
  const parts = name.split(/[^A-Za-z0-9]+/)
  return parts.map(part => part.slice(0, 1).toUpperCase() + part.slice(1)).join('')
}
