// Replaces Ajv's implementation of some keywords: its `multipleOf` refuses valid prices, `uniqueItems` is quadratic,
// `enum` compares with each member, and references may be followed without end. `this` is a SchemaEvaluation.
import type { Ajv2020, CodeKeywordDefinition, _ as code, KeywordCxt, Name } from 'ajv/dist/2020.js'
import { isContainer } from '../record/json-object.ts'
import { countWork, isMetaSchema, type ResolveRef } from './schema-steps.ts'

/** An `enum` without objects and lists is looked up in an index from this number of members on. */
const LONG_ENUM = 32

/**
 * @param _ Ajv's template tag for code
 * @param resolveRef Ajv's resolver of references
 */
export function replaceKeywords(ajv: Ajv2020, _: typeof code, resolveRef: ResolveRef): void {
  const keywords: readonly CodeKeywordDefinition[] = [
    {
      keyword: 'multipleOf',
      type: 'number',
      schemaType: 'number',
      error: {
        message: 'must be a multiple',
        params: ({ schemaCode }) => _`{multipleOf: ${schemaCode}}`,
      },
      /**
       * No double is a hundredth: 19.99 / 0.01 is 1998.9999999999998. So the quotient may be off by as much as the
       * rounding of number, divisor and quotient makes it, which is less than 2^-51 of itself. Ajv's option
       * `multipleOfPrecision` allows the same difference for all quotients: too much for small ones, too little for
       * large ones.
       */
      code(cxt: KeywordCxt) {
        const quotient = cxt.gen.const('quotient', _`${cxt.data} / ${cxt.schema}`)
        const isNear = _`Math.abs(Math.round(${quotient}) - ${quotient}) <= Math.abs(${quotient}) * 2 ** -51`
        // The remainder of an integer division is exact.
        cxt.fail(_`!(Number.isInteger(${cxt.schema}) ? ${cxt.data} % ${cxt.schema} === 0 : ${isNear})`)
      },
    },
    {
      keyword: 'uniqueItems',
      type: 'array',
      schemaType: 'boolean',
      error: { message: 'must have unique items' },
      code(cxt: KeywordCxt) {
        if (!cxt.schema) return
        // Ajv itself uses this keyword to check schemas; its own implementation took half a minute for an enum of
        // 50,000 members.
        const texts = _`new Set(${cxt.data}.map(item => JSON.stringify(item)))`
        cxt.fail(isMetaSchema(cxt) ? _`${texts}.size < ${cxt.data}.length` : _`!this.areUnique(${cxt.data})`)
      },
    },
  ]
  for (const definition of keywords) {
    ajv.removeKeyword(definition.keyword as string)
    ajv.addKeyword(definition)
  }
  lookUpMembers(ajv.getKeyword('enum') as CodeKeywordDefinition, _)
  compareConstants(ajv.getKeyword('const') as CodeKeywordDefinition, _)
  const unevaluated = ajv.getKeyword('unevaluatedProperties') as CodeKeywordDefinition | false
  if (unevaluated) forgetInheritedNames(unevaluated, _)
  refuseProto(ajv)
  countWork(ajv, _, resolveRef)
}

/** Modified in place, because Ajv evaluates keywords in the order in which they were added. */
function lookUpMembers(enumeration: CodeKeywordDefinition, _: typeof code): void {
  const compare = enumeration.code
  enumeration.code = (cxt, ruleType) => {
    const members = cxt.schema as readonly unknown[]
    const isShort = members.length < LONG_ENUM && !members.some(member => typeof member === 'object' && member !== null)
    if (isShort || isMetaSchema(cxt)) return compare(cxt, ruleType)
    cxt.fail(_`!this.isMember(${cxt.data}, ${cxt.schemaCode})`)
  }
}

/** Changed in its place, as `enum` is. */
function compareConstants(constant: CodeKeywordDefinition, _: typeof code): void {
  const compare = constant.code
  constant.code = (cxt, ruleType) => {
    if (!isContainer(cxt.schema) || isMetaSchema(cxt)) return compare(cxt, ruleType)
    cxt.fail(_`!this.isEqual(${cxt.data}, ${cxt.schemaCode})`)
  }
}

/**
 * Where only the value shows which properties are evaluated, Ajv keeps their names in an object, in which it would find
 * the names that every object inherits, such as `constructor`.
 */
function forgetInheritedNames(unevaluated: CodeKeywordDefinition, _: typeof code): void {
  const check = unevaluated.code
  unevaluated.code = (cxt, ruleType) => {
    const { props } = cxt.it
    if (isName(props)) cxt.gen.code(_`if (typeof ${props} === 'object') Object.setPrototypeOf(${props}, null)`)
    check(cxt, ruleType)
  }
}

/** Of a variable in Ajv's code; what is known without the value is an object of `true`. */
function isName(props: KeywordCxt['it']['props']): props is Name {
  return typeof props === 'object' && typeof props.str === 'string'
}

/** Ajv skips a property of this name without a word, so that its schema would check nothing. */
function refuseProto(ajv: Ajv2020): void {
  for (const keyword of ['properties', 'patternProperties', 'dependentSchemas', 'dependencies']) {
    // Each dialect has its own.
    const definition = ajv.getKeyword(keyword) as CodeKeywordDefinition | false
    if (!definition) continue
    const { code } = definition
    definition.code = (cxt, ruleType) => {
      if (Object.hasOwn(cxt.schema, '__proto__'))
        throw new Error(`expected ${keyword} without __proto__, a name that can't be checked`)
      code(cxt, ruleType)
    }
  }
}
