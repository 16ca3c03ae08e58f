// Refuses schemas with circular references that consume no part of the value, because validating with them never ends.
import type { Ajv2020, KeywordCxt } from 'ajv/dist/2020.js'
import { beforeKeyword } from './before-keyword.ts'
import { isMetaSchema, REFERENCES, type ResolveRef } from './schema-steps.ts'

/** Maps a schema to the schemas that it refers to for the same value. */
type Edges = Map<unknown, Set<unknown>>

/** Makes the compilation of such a schema throw an Error. */
export function refuseEndlessReferences(ajv: Ajv2020, resolveRef: ResolveRef): void {
  const edges: Edges = new Map()
  for (const keyword of REFERENCES)
    beforeKeyword(ajv, keyword, cxt => {
      if (cxt.it.dataLevel === 0 && !isMetaSchema(cxt)) addEdge(edges, cxt, resolveRef)
    })
  const { process } = ajv.opts.code
  ajv.opts.code.process = (source, environment) => {
    // Ajv compiles all referenced schemas before the outermost one, so the graph is complete here.
    if (ajv._compilations.size === 1) {
      const isEndless = hasCycle(edges)
      edges.clear()
      if (isEndless)
        throw new Error('expected references that end, got a schema that refers to itself for the same value')
    }
    return process ? process(source, environment) : source
  }
}

function addEdge(edges: Edges, { it, schema, keyword }: KeywordCxt, resolveRef: ResolveRef): void {
  const { schema: from, root } = it.schemaEnv
  const isRoot = keyword !== '$ref' || (it.baseId === root.baseId && (schema === '#' || schema === '#/'))
  const named = isRoot ? root : resolveRef.call(it.self, root, it.baseId, schema)
  // Ajv inlines a schema without references; such a one has no environment and can't be part of a cycle.
  if (typeof named !== 'object' || !('validateName' in named || named === root)) return
  const targets = edges.get(from) ?? new Set()
  edges.set(from, targets.add(named.schema))
}

/** Without recursion: a chain may be as long as the schema. */
function hasCycle(edges: Edges): boolean {
  const ended = new Set<unknown>()
  for (const start of edges.keys()) {
    const onPath = new Set<unknown>()
    const path: [unknown, Iterator<unknown>][] = []
    const enter = (schema: unknown) => {
      onPath.add(schema)
      path.push([schema, (edges.get(schema) ?? new Set()).values()])
    }
    if (!ended.has(start)) enter(start)
    for (let level = path.at(-1); level; level = path.at(-1)) {
      const { value: next, done } = level[1].next()
      if (done) {
        onPath.delete(level[0])
        ended.add(level[0])
        path.pop()
      } else if (onPath.has(next)) return true
      else if (!ended.has(next)) enter(next)
    }
  }
  return false
}
