// Adds work to a keyword of Ajv.
import type { Ajv2020, CodeKeywordDefinition, KeywordCxt } from 'ajv/dist/2020.js'

/**
 * Calls `work` before Ajv generates the code of the keyword. Does nothing if the draft lacks the keyword. The
 * definition is modified in place, because Ajv evaluates keywords in the order in which they were added.
 */
export function beforeKeyword(ajv: Ajv2020, keyword: string, work: (cxt: KeywordCxt) => void): void {
  const definition = ajv.getKeyword(keyword) as CodeKeywordDefinition | false
  if (!definition) return
  const { code } = definition
  definition.code = (cxt, ruleType) => {
    work(cxt)
    code(cxt, ruleType)
  }
}
