// Finds where the parts of a JSON text are, so that a part can be passed on exactly as its sender wrote it.
import { MAX_POINTER, pointerPart } from './json-pointer.ts'

/** What is used of a text. A string has it; a test passes an object that counts the calls. */
export type TextSource = Pick<string, 'length' | 'charCodeAt' | 'slice'>

/** Which parts of a value are outlined. Other parts are only checked for faults. */
export interface JsonShape {
  /**
   * The fields of an object with these names, each of which may occur once; or the elements of a list with these
   * indices.
   */
  readonly fields?: ReadonlyMap<string, JsonShape>
  /** The first `maxItems` elements of a list; without `fields`, the first `maxItems` fields of an object. */
  readonly items?: JsonShape
  readonly maxItems?: number
  /** In this value and its parts, no object may have a name twice. */
  readonly uniqueNames?: boolean
  /** Whether levels of nesting are counted from this value on. */
  readonly isDepthRoot?: boolean
}

/** A piece of a text: `text.slice(start, end)`. */
export interface TextSpan {
  readonly start: number
  readonly end: number
}

/** The position of a value in the text, without the white space around it. */
export interface JsonOutline extends TextSpan {
  /** By name, or by index. If a name is repeated, its last value, as with JSON.parse. */
  readonly fields?: ReadonlyMap<string, JsonOutline>
  readonly items?: readonly JsonOutline[]
  /** The first fault in this value or one of its parts. */
  readonly fault?: JsonFault
  /** The first fault in the names of this object itself. */
  readonly ownFault?: JsonFault
}

export interface JsonFault {
  /** `proto-name`: a field named `__proto__`, also if it is written with escapes. */
  readonly code: 'repeated-name' | 'proto-name' | 'too-deep'
  /** JSON Pointer (RFC 6901) to the fault, starting at the outlined value, cut at `MAX_POINTER` characters. */
  readonly pointer: string
}

/** Characters of `__proto__` with each character as an escape of six characters. */
const LONGEST_PROTO = 9 * 6

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const SPACE = 0x20

type Node = { -readonly [Name in keyof JsonOutline]: JsonOutline[Name] }

/** An object or a list whose end has not been read yet. */
interface Level {
  readonly isObject: boolean
  /** Undefined for a value that is not outlined. */
  readonly node: Node | undefined
  readonly shape: JsonShape | undefined
  readonly uniqueNames: boolean
  /** How many levels are around it, counted from the depth root. */
  readonly depth: number
  readonly fields: Map<string, Node> | undefined
  readonly items: Node[] | undefined
  /**
   * The names so far, if a repeated name is a fault. Most objects have few names, so the set is created at the second.
   */
  firstName: string | undefined
  names: Set<string> | undefined
  /** Where the name of the current field is, with its quotes. */
  nameStart: number
  nameEnd: number
  /** The index of the current element of a list. */
  index: number
}

export interface OutlinedText {
  readonly root: JsonOutline
  /** The names, with their quotes, that are written with an escape. */
  readonly escapedNames: readonly TextSpan[]
}

/**
 * Outlines a text in one pass, whose time grows only with the length of the text.
 * @param text a text that JSON.parse accepts; for another text the result is meaningless
 * @param maxDepth how many levels of objects and lists are allowed
 */
export function outlineJson(text: TextSource, shape: JsonShape, maxDepth: number): OutlinedText {
  return new Outliner(text, maxDepth).read(shape)
}

class Outliner {
  readonly #text: TextSource
  readonly #maxDepth: number
  readonly #open: Level[] = []
  /** The indices of the open levels that are outlined. */
  readonly #outlined: number[] = []
  readonly #escapedNames: TextSpan[] = []
  #at = 0

  constructor(text: TextSource, maxDepth: number) {
    this.#text = text
    this.#maxDepth = maxDepth
  }

  read(shape: JsonShape): OutlinedText {
    this.#skipWhiteSpace()
    const root = this.#newNode()
    this.#readValue(root, shape, false)
    for (let level = this.#open.at(-1); level; level = this.#open.at(-1)) this.#readNext(level)
    return { root, escapedNames: this.#escapedNames }
  }

  /** Reads what follows in an object or list: its end, a field or an element. */
  #readNext(level: Level): void {
    if (this.#skipWhiteSpace() === COMMA) {
      this.#at++
      this.#skipWhiteSpace()
    }
    const code = this.#text.charCodeAt(this.#at)
    if (code === CLOSE_OBJECT || code === CLOSE_LIST || this.#at >= this.#text.length) this.#close(level)
    else if (level.isObject) this.#readField(level)
    else this.#readItem(level)
  }

  #close(level: Level): void {
    this.#at++
    this.#open.pop()
    if (!level.node) return
    level.node.end = this.#at
    this.#outlined.pop()
  }

  #readItem(level: Level): void {
    level.index++
    const shape = this.#shapeOfItem(level)
    const node = shape && this.#newNode()
    if (node) level.items?.push(node)
    if (node) level.fields?.set(String(level.index), node)
    this.#readValue(node, shape, level.uniqueNames)
  }

  #shapeOfItem({ shape, items, fields, index }: Level): JsonShape | undefined {
    if (items) return index < (shape?.maxItems ?? 0) ? shape?.items : undefined
    return fields && shape?.fields?.get(String(index))
  }

  #readField(level: Level): void {
    level.nameStart = this.#at
    const isEscaped = this.#skipString()
    level.nameEnd = this.#at
    if (isEscaped) this.#escapedNames.push({ start: level.nameStart, end: level.nameEnd })
    const name = this.#checkedName(level, isEscaped)
    if (this.#skipWhiteSpace() === COLON) this.#at++
    this.#skipWhiteSpace()
    const shape = name === undefined ? undefined : shapeOfField(level, name)
    const node = shape && this.#newNode()
    if (node) level.fields?.set(name as string, node)
    this.#readValue(node, shape, level.uniqueNames)
  }

  /** @returns undefined for a name that does not matter */
  #checkedName(level: Level, isEscaped: boolean): string | undefined {
    const length = level.nameEnd - level.nameStart - 2
    const mayBeProto = length === '__proto__'.length || (isEscaped && length <= LONGEST_PROTO)
    if (!level.fields && !level.uniqueNames && !mayBeProto) return undefined
    const name = this.#nameOf(level, isEscaped)
    if (name === '__proto__') this.#addNameFault(level, 'proto-name')
    const isOnce = level.uniqueNames || level.shape?.fields?.has(name)
    if (isOnce && isRepeated(level, name)) this.#addNameFault(level, 'repeated-name')
    return name
  }

  #nameOf({ nameStart, nameEnd }: Level, isEscaped: boolean): string {
    return isEscaped ? JSON.parse(this.#text.slice(nameStart, nameEnd)) : this.#text.slice(nameStart + 1, nameEnd - 1)
  }

  #readValue(node: Node | undefined, shape: JsonShape | undefined, uniqueAbove: boolean): void {
    const code = this.#text.charCodeAt(this.#at)
    if (code === OPEN_OBJECT || code === OPEN_LIST) {
      this.#readStart(code === OPEN_OBJECT, node, shape, uniqueAbove || shape?.uniqueNames === true)
      return
    }
    if (code === QUOTE) this.#skipString()
    else this.#skipWord()
    if (node) node.end = this.#at
  }

  #readStart(isObject: boolean, node: Node | undefined, shape: JsonShape | undefined, uniqueNames: boolean): void {
    const items = !isObject && shape?.items ? [] : undefined
    const hasFields = shape?.fields || (isObject && shape?.items)
    const fields = hasFields && !items ? new Map<string, Node>() : undefined
    if (node && fields) node.fields = fields
    if (node && items) node.items = items
    const names = { firstName: undefined, names: undefined, nameStart: 0, nameEnd: 0, index: -1 }
    const depth = shape?.isDepthRoot ? 0 : (this.#open.at(-1)?.depth ?? -1) + 1
    if (depth === this.#maxDepth) {
      this.#addFault('too-deep', node)
      this.#skipNested()
      if (node) node.end = this.#at
      return
    }
    if (node) this.#outlined.push(this.#open.length)
    this.#open.push({ isObject, node, shape, uniqueNames, depth, fields, items, ...names })
    this.#at++
  }

  /** Skips an object or list with everything in it, without a check of what is nested too deeply. */
  #skipNested(): void {
    let depth = 0
    do {
      const code = this.#text.charCodeAt(this.#at)
      if (code === QUOTE) {
        this.#skipString()
        continue
      }
      if (code === OPEN_OBJECT || code === OPEN_LIST) depth++
      else if (code === CLOSE_OBJECT || code === CLOSE_LIST) depth--
      this.#at++
    } while (depth > 0 && this.#at < this.#text.length)
  }

  #newNode(): Node {
    return { start: this.#at, end: this.#at }
  }

  /** @returns whether the string has an escape */
  #skipString(): boolean {
    const text = this.#text
    let isEscaped = false
    let at = this.#at + 1
    for (let code = text.charCodeAt(at); code !== QUOTE && at < text.length; code = text.charCodeAt(at)) {
      if (code === BACKSLASH) {
        isEscaped = true
        at++
      }
      at++
    }
    this.#at = at + 1
    return isEscaped
  }

  /** Skips a number, true, false or null. */
  #skipWord(): void {
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at)
      if (code <= SPACE || code === COMMA || code === CLOSE_LIST || code === CLOSE_OBJECT) return
    }
  }

  /** @returns the code of the next character */
  #skipWhiteSpace(): number {
    let code = this.#text.charCodeAt(this.#at)
    while (code <= SPACE) code = this.#text.charCodeAt(++this.#at)
    return code
  }

  #addNameFault({ node }: Level, code: JsonFault['code']): void {
    if (node && !node.ownFault) node.ownFault = { code, pointer: this.#pointerFrom(this.#open.length - 1) }
    this.#addFault(code)
  }

  /**
   * Sets the fault on every outlined value around it that has none yet, each with a pointer that starts at that value.
   * If a value has a fault, all values around it have one too; so each gets at most one, which limits the cost of many
   * faults.
   */
  #addFault(code: JsonFault['code'], inner?: Node): void {
    if (inner) inner.fault ??= { code, pointer: '' }
    for (let at = this.#outlined.length - 1; at >= 0; at--) {
      const depth = this.#outlined[at] as number
      const { node } = this.#open[depth] as Level
      if (!node || node.fault) return
      node.fault = { code, pointer: this.#pointerFrom(depth) }
    }
  }

  #pointerFrom(depth: number): string {
    let pointer = ''
    for (let at = depth; at < this.#open.length && pointer.length < MAX_POINTER; at++) {
      const level = this.#open[at] as Level
      pointer += `/${level.isObject ? this.#pointerName(level) : level.index}`
    }
    return pointer.slice(0, MAX_POINTER)
  }

  #pointerName(level: Level): string {
    const { nameStart } = level
    const isCut = level.nameEnd - nameStart > 6 * MAX_POINTER
    const name = isCut ? this.#text.slice(nameStart + 1, nameStart + MAX_POINTER) : this.#nameOf(level, true)
    return pointerPart(name)
  }
}

function shapeOfField({ shape, fields }: Level, name: string): JsonShape | undefined {
  if (shape?.fields) return shape.fields.get(name)
  return (fields?.size ?? 0) < (shape?.maxItems ?? 0) ? shape?.items : undefined
}

function isRepeated(level: Level, name: string): boolean {
  if (level.firstName === undefined) {
    level.firstName = name
    return false
  }
  level.names ??= new Set([level.firstName])
  if (level.names.has(name)) return true
  level.names.add(name)
  return false
}
