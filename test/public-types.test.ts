// Whoever uses the library can name each type that it shows: those in the declarations of the entry points, and in the
// declarations of these types.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Identifier, Node } from 'typescript/unstable/ast'
import { isIdentifier } from 'typescript/unstable/ast/is'
import { API, type Project, SymbolFlags, type Symbol as TypeScriptSymbol } from 'typescript/unstable/sync'

const { exports: entryPoints } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, { types: string }>
}
const NAMED_TYPE = SymbolFlags.Interface | SymbolFlags.Class | SymbolFlags.TypeAlias | SymbolFlags.Enum

/** A folder with the declarations of the library, as they are packed, and the program that has them. */
function openDeclarations(t: TestContext): { readonly folder: string; readonly project: Project } {
  const folder = mkdtempSync(join(tmpdir(), 'public-types-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const tsc = resolve('node_modules/.bin/tsc')
  const { status, stdout } = spawnSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', folder], { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { module: 'NodeNext', types: ['node'], noEmit: true }, include: ['lib'] }),
  )
  const api = new API({ cwd: folder })
  t.after(() => api.close())
  const file = join(folder, 'tsconfig.json')
  const project = api.updateSnapshot({ openProjects: [file] }).getProject(file)
  assert.ok(project)
  return { folder, project }
}

function identifiersIn(node: Node, list: Identifier[] = []): Identifier[] {
  if (isIdentifier(node)) list.push(node)
  node.forEachChild(child => {
    identifiersIn(child, list)
  })
  return list
}

test('each type in a public declaration is exported', t => {
  const { folder, project } = openDeclarations(t)
  const { program, checker } = project
  const target = (symbol: TypeScriptSymbol) =>
    symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const isOurs = ({ declarations }: TypeScriptSymbol) => declarations[0]?.path.startsWith(folder) ?? false
  const exported = Object.values(entryPoints).flatMap(({ types }) => {
    const source = program.getSourceFile(join(folder, relative('dist', types)))
    const module = source && checker.getSymbolAtLocation(source)
    assert.ok(module, types)
    return checker.getExportsOfModule(module).map(target)
  })
  const exportedIds = new Set(exported.map(({ id }) => id))
  const missing = new Map<string, string>()
  const queue = [...exported]
  const seen = new Set<number>()
  for (const symbol of queue) {
    if (seen.has(symbol.id)) continue
    seen.add(symbol.id)
    if (symbol.flags & NAMED_TYPE && !exportedIds.has(symbol.id))
      missing.set(symbol.name, relative(folder, symbol.declarations[0]?.path ?? ''))
    for (const declaration of symbol.declarations) {
      const node = declaration.resolve(project)
      if (!node) continue
      for (const found of checker.getSymbolAtLocation(identifiersIn(node))) {
        const named = found && target(found)
        if (named && named.flags & (NAMED_TYPE | SymbolFlags.Variable) && isOurs(named)) queue.push(named)
      }
    }
  }
  assert.ok(exported.length > 100)
  assert.deepEqual([...missing].map(([name, file]) => `${name} (${file})`).sort(), [])
})
