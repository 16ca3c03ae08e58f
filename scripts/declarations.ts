// What a source file declares, from its syntax tree: classes, interfaces, types and functions with their members.
import { readFileSync } from 'node:fs'
import {
  type Class,
  type ClassElement,
  type Comment,
  parseSync,
  type Statement,
  type Declaration as SyntaxDeclaration,
  type TSSignature,
  type TSTypeAnnotation,
} from 'oxc-parser'

export interface Member {
  readonly name: string
  /** The declared type: of a function or method what it returns; empty if none is declared. */
  readonly type: string
  /** It can be called: a method, or a property or parameter of a function type. */
  readonly isFunction: boolean
  /** The first sentence of its comment. */
  readonly comment: string
}

export interface Declaration extends Member {
  readonly kind: 'class' | 'interface' | 'type' | 'function'
  readonly file: string
  readonly text: string
  /** Of a class or an interface; private ones without their `#`. */
  readonly members: readonly Member[]
  /** Of a class's constructor. */
  readonly parameters: readonly Member[]
  /** The interfaces that a class implements. */
  readonly interfaces: readonly string[]
}

/** @throws Error for a file that does not parse */
export function declarationsOf(file: string): ReadonlyMap<string, Declaration> {
  const text = readFileSync(file, 'utf8')
  const { program, comments, errors } = parseSync(file, text)
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`)
  const reader = new Reader(text, comments)
  const declarations = new Map<string, Declaration>()
  for (const statement of program.body) {
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    const declaration = declared && reader.declaration(file, declared, statement.start)
    if (declaration) declarations.set(declaration.name, declaration)
  }
  return declarations
}

class Reader {
  readonly #text: string
  readonly #comments: readonly Comment[]

  constructor(text: string, comments: readonly Comment[]) {
    this.#text = text
    this.#comments = comments
  }

  declaration(file: string, node: Statement | SyntaxDeclaration, start: number): Declaration | undefined {
    const common = {
      file,
      text: this.#slice(node),
      comment: this.#commentBefore(start),
      type: '',
      isFunction: false,
      members: [],
      parameters: [],
      interfaces: [],
    }
    switch (node.type) {
      case 'FunctionDeclaration':
        if (!node.id) return undefined
        return { ...common, ...named('function', node.id.name), type: this.#type(node.returnType), isFunction: true }
      case 'TSTypeAliasDeclaration':
        return { ...common, ...named('type', node.id.name), type: this.#slice(node.typeAnnotation) }
      case 'TSInterfaceDeclaration':
        return { ...common, ...named('interface', node.id.name), members: this.#members(node.body.body) }
      case 'ClassDeclaration': {
        if (!node.id) return undefined
        const members = this.#members(node.body.body)
        const interfaces = (node.implements ?? []).map(each => this.#slice(each.expression))
        return { ...common, ...named('class', node.id.name), members, parameters: this.#parameters(node), interfaces }
      }
      default:
        return undefined
    }
  }

  #members(nodes: readonly (ClassElement | TSSignature)[]): Member[] {
    return nodes.flatMap((node): Member[] => {
      if (!('key' in node) || (node.key.type !== 'Identifier' && node.key.type !== 'PrivateIdentifier')) return []
      const common = { name: node.key.name, comment: this.#commentBefore(node.start) }
      if (node.type === 'MethodDefinition') {
        const isFunction = node.kind === 'method'
        return node.kind === 'constructor' ? [] : [{ ...common, type: this.#type(node.value.returnType), isFunction }]
      }
      if (node.type === 'TSMethodSignature') return [{ ...common, type: this.#type(node.returnType), isFunction: true }]
      if (node.type !== 'PropertyDefinition' && node.type !== 'TSPropertySignature') return []
      const type = this.#type(node.typeAnnotation)
      return [{ ...common, type, isFunction: isFunctionType(type) }]
    })
  }

  /** Of the constructor; their comments are the `@param` lines of its own. */
  #parameters(node: Class): Member[] {
    const constructorNode = node.body.body.find(each => each.type === 'MethodDefinition' && each.kind === 'constructor')
    if (constructorNode?.type !== 'MethodDefinition') return []
    const comment = this.#blockBefore(constructorNode.start)
    return constructorNode.value.params.flatMap((parameter): Member[] => {
      if (parameter.type !== 'Identifier') return []
      const type = this.#type(parameter.typeAnnotation)
      const described = new RegExp(`@param ${parameter.name} (.*?)(?= @param |$)`).exec(comment)?.[1] ?? ''
      return [{ name: parameter.name, type, isFunction: isFunctionType(type), comment: firstSentence(described) }]
    })
  }

  #type(annotation: TSTypeAnnotation | null | undefined): string {
    return annotation ? this.#slice(annotation.typeAnnotation) : ''
  }

  #slice({ start, end }: { readonly start: number; readonly end: number }): string {
    return this.#text.slice(start, end)
  }

  #commentBefore(start: number): string {
    return firstSentence(this.#blockBefore(start))
  }

  /** The text of the comment that ends where the node begins. */
  #blockBefore(start: number): string {
    const comment = this.#comments.findLast(({ end }) => end <= start)
    if (comment?.type !== 'Block' || this.#text.slice(comment.end, start).trim() !== '') return ''
    return comment.value
      .replaceAll(/\n\s*\*/g, ' ')
      .replaceAll(/[\s*]+/g, ' ')
      .trim()
  }
}

function named<Kind extends Declaration['kind']>(
  kind: Kind,
  name: string,
): { readonly kind: Kind; readonly name: string } {
  return { kind, name }
}

function isFunctionType(type: string): boolean {
  return type.includes('=>')
}

/** Also of a text without a full stop. */
function firstSentence(text: string): string {
  const sentence = (/^(?:@param \w+ )?(.*?)\.?(?:(?<=\.)\s|$| @)/.exec(text)?.[1] ?? '').trim()
  return sentence === '' ? '' : `${sentence[0]?.toUpperCase()}${sentence.slice(1)}.`
}
