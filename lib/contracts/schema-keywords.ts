// Keywords whose implementation in Ajv does not fit: `multipleOf` refuses valid prices, `uniqueItems` is quadratic, and
// references may be followed without end. `this` is a SchemaEvaluation.
import type { Ajv2020, CodeKeywordDefinition, _ as code, KeywordCxt } from 'ajv/dist/2020.js'

/** @param _ Ajv's template tag for code */
export function replaceKeywords(ajv: Ajv2020, _: typeof code): void {
  const uniqueItems = ajv.getKeyword('uniqueItems') as CodeKeywordDefinition
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
        // The remainder by an integer is exact.
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
        if (isMetaSchema(cxt)) return uniqueItems.code(cxt)
        cxt.fail(_`!this.areUnique(${cxt.data})`)
      },
    },
  ]
  for (const definition of keywords) {
    ajv.removeKeyword(definition.keyword as string)
    ajv.addKeyword(definition)
  }
  for (const keyword of ['$ref', '$dynamicRef']) countSteps(ajv.getKeyword(keyword) as CodeKeywordDefinition, _)
}

/** Changed in its place: keywords are evaluated in the order in which they were added. */
function countSteps(reference: { code: CodeKeywordDefinition['code'] }, _: typeof code): void {
  const follow = reference.code
  reference.code = (cxt, ruleType) => {
    if (!isMetaSchema(cxt)) cxt.gen.code(_`this.countStep(${cxt.schema}, ${cxt.data})`)
    follow(cxt, ruleType)
  }
}

/** Ajv calls these itself, for a contract's schema. */
function isMetaSchema({ it }: KeywordCxt): boolean {
  return it.schemaEnv.root.meta === true
}
