// Every command of README and docs is run somewhere: by .ci/run, by a test, or here as far as it goes without AWS. An
// unlisted command fails. The options, faults, parameters, npm scripts and files that the documents name must exist.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { FAULTS } from '../local/faults/faults.ts'
import { readOptions } from '../scripts/template/options.ts'
import { PROGRAM } from './support/command.ts'

const DOCUMENTS = [
  'README.md',
  'AGENTS.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'test/README.md',
  'functions/batch/README.md',
  ...globSync('docs/*.md'),
  ...globSync('examples/{,*/}README.md'),
].sort()
const read = (file: string) => readFileSync(file, 'utf8')

interface Command {
  readonly file: string
  readonly text: string
}

/** Lines of ```sh blocks, continued lines joined, and inline code that begins with npm run, npm or kafka-producer. */
function commands(): Command[] {
  return DOCUMENTS.flatMap(file => {
    const blocks = [...read(file).matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) =>
      block.replaceAll('\\\n', ' ').split('\n'),
    )
    const inline = [...read(file).matchAll(/`((?:npm (?:run|start|test|ci|pack)|kafka-producer )[^`]*)`/g)].map(
      ([, text = '']) => text,
    )
    const lines = [...blocks, ...inline].map(line =>
      line
        .replace(/\s+#.*$/, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    return lines.filter(line => line !== '' && !line.includes('…')).map(text => ({ file, text }))
  })
}

const RUN = [
  '.ci/run',
  'test/kafka/command.test.ts',
  'test/bin/dead-letters.test.ts',
  'test/slow/package.test.ts',
  'test/slow/redrive-aws.test.ts',
  'test/kafka/redrive-function.test.ts',
  'test/own-cluster/faults.test.ts',
]

const MUTATION = '.github/workflows/mutation.yml'

/** A pattern of commands, the file that runs them, and the words in that file that prove it. */
const WHERE: readonly [RegExp, file: string, words: RegExp][] = [
  [/^npm ci && npm start$|^npm start$/, '.ci/run', /npm start/],
  [/^npm start -- --registry$/, '.ci/run', /start_and_curl registry_story -- --registry/],
  [/^npm ci && npm test$|^npm test/, '.ci/run', /npm test/],
  [/^npm ci( --prefix docs\/api)?$/, '.ci/run', /npm ci --prefix docs\/api/],
  [/^npm ci --prefix test\/mutation$/, MUTATION, /npm ci --prefix test\/mutation/],
  [/^npm run mutation -- send /, MUTATION, /npm run -s mutation -- "\$AREA" --sample 300 --seed/],
  [/^curl -si http:\/\/127\.0\.0\.1:3000\/topics\/chat /, '.ci/run', /curl -s "\$1\/topics\/chat"/],
  [/^curl -si http:\/\/127\.0\.0\.1:3000\/topics\/orders /, 'test/add-a-topic.test.ts', /orders/],
  [/^npm run put-event/, '.ci/run', /put-event -- examples/],
  [/^npm run (-s )?brokers -- (stop|start)$/, '.ci/run', /brokers -- stop[\s\S]*brokers -- start/],
  [/^npm run tail/, '.ci/run', /run -s tail -- chat/],
  [/^npm run demo/, '.ci/run', /run -s demo -- --json/],
  [/^npm run faults/, '.ci/run', /run -s faults/],
  [/^npm (run consumers|install \S+\.tgz$)/, '.ci/run', /run -s consumers/],
  [/^npm run (deploy|remove)/, 'test/slow/deployment.test.ts', /npm\('deploy'[\s\S]*npm\('remove'/],
  [/^npm run verify:aws/, 'test/slow/deployment.test.ts', /npm\('verify:aws'/],
  [/^npm run package/, '.ci/run', /run -s package/],
  [/^npm run (-s )?bench/, '.ci/run', /run -s bench -- --only[\s\S]*run -s bench -- --table/],
  [
    /^npm run (build|check|lint|check-package|docs:api|fuzz|docs|format)$/,
    '.ci/run',
    /run -s build[\s\S]*run -s docs:api|run -s docs:api[\s\S]*run -s build/,
  ],
  [/^npm run check-release/, 'test/release.test.ts', /scripts\/check-release\.ts/],
  [/^npm pack$/, 'test/kafka/examples.test.ts', /'pack'/],
  [
    /^(npm run -s kafka-producer -- )?(kafka-producer )?(dead-letters (list|stats|show)|redrive)/,
    'test/kafka/command.test.ts',
    /dead-letters[\s\S]*redrive/,
  ],
  [
    /^kafka-producer dead-letters (export|check|edit|unpark|discard) /,
    'test/bin/dead-letters.test.ts',
    /unpark[\s\S]*check[\s\S]*edit/,
  ],
  [/^kafka-producer contracts check --registry/, 'test/bin/check-registry.test.ts', /'check', '--registry'/],
  [/^kafka-producer contracts diff$/, 'test/bin/diff-registry.test.ts', /\['contracts', 'diff', folder\]/],
  [/^kafka-producer contracts types$/, 'test/bin/contract-types.test.ts', /\['contracts', 'types', folder\]/],
  [/^kafka-producer (doctor|plan)/, 'test/kafka/command.test.ts', /doctor[\s\S]*plan|plan[\s\S]*doctor/],
  [
    /^aws lambda invoke --function-name kafka-producer-\w+-redrive /,
    'test/kafka/redrive-function.test.ts',
    /handleRedrive/,
  ],
  [/^export KAFKA_/, 'test/slow/package.test.ts', /KAFKA_MSK_CLUSTER_ARN/],
  [
    /^KAFKA_BOOTSTRAP_SERVERS=\S+ .*npx node examples\/(program\/send|service\/service|chat\/main)\.ts/,
    'test/kafka/examples.test.ts',
    /runInClone\('program\/send'[\s\S]*runInClone\('chat\/main'|service\/service/,
  ],
  [/^(printf .* \| )?curl .*localhost:8080/, 'test/kafka/examples.test.ts', /events\/[\s\S]*metrics/],
  [
    /^cp serverless-kafka-producer\S* examples\/own-handler/,
    'test/kafka/examples.test.ts',
    /serverless-kafka-producer\.tgz/,
  ],
  [
    /^npm (install|run build) --prefix examples\/own-handler$/,
    'test/kafka/examples.test.ts',
    /'install'[\s\S]*'build'/,
  ],
  [/^cp examples\/registry\/|^curl -si \S+\/topics\/payments /, '.ci/run', /cp examples\/registry\/payments/],
  [/^npm ci --prefix examples\/cdk$/, '.ci/run', /npm ci --prefix examples\/cdk/],
  [/^cd examples\/cdk && npx cdk deploy /, '.ci/run', /tsc -p examples\/cdk[\s\S]*stack\.test\.ts/],
  [/^cd examples\/sam && sam deploy$/, 'test/slow/package.test.ts', /sam\.template\.json/],
]

test('a check runs every command of the documents', () => {
  assert.ok(commands().length > 40, `${commands().length} commands`)
  for (const { file, text } of commands()) {
    const entry = WHERE.find(([form]) => form.test(text))
    assert.ok(entry, `${file}: ${text}: no test runs it`)
    const [, runner, words] = entry
    assert.match(read(runner), words, `${runner} runs ${text}`)
  }
  for (const file of RUN) assert.ok(existsSync(file), file)
})

test('the npm scripts, faults, parameters and options that the documents name exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const { file, text } of commands()) {
    const script = /npm run (?:-s )?([\w:-]+)/.exec(text)?.[1]
    assert.ok(script === undefined || script in scripts, `${file}: ${text}`)
    const only = /faults -- .*--only ([\w,]+)/.exec(text)?.[1]?.split(',') ?? []
    assert.ok(
      only.every(name => FAULTS.some(fault => fault.name === name)),
      `${file}: ${text}`,
    )
    const params = [...text.matchAll(/--param (\S+)/g)].map(([, param = '']) => param)
    assert.doesNotThrow(() => readOptions(params), `${file}: ${text}`)
  }
})

test('the command accepts the options that the documents use', () => {
  const forms = commands()
    .map(({ text }) => /(?:kafka-producer -- |^kafka-producer )(.+)$/.exec(text)?.[1])
    .filter(form => form !== undefined)
  assert.ok(forms.length > 8)
  const helps = new Map<string, string>()
  for (const form of new Set(forms)) {
    const words = form.split(' ')
    const path = ['dead-letters', 'contracts'].includes(words[0] ?? '') ? words.slice(0, 2) : words.slice(0, 1)
    const key = path.join(' ')
    if (!helps.has(key)) {
      const { status, stdout } = spawnSync(
        process.execPath,
        ['--disable-warning=TimeoutNegativeWarning', PROGRAM, ...path, '--help'],
        { encoding: 'utf8' },
      )
      assert.equal(status, 0, key)
      helps.set(key, stdout)
    }
    for (const option of words.filter(word => word.startsWith('--')))
      assert.ok(helps.get(key)?.includes(option), `${form}: ${option}`)
  }
})

test('the source files that the documents name exist', () => {
  const tracked = spawnSync('git', ['ls-files'], { encoding: 'utf8' }).stdout.split('\n')
  for (const file of DOCUMENTS)
    for (const [, name = ''] of read(file).matchAll(/`([\w/.-]+\.ts)`/g))
      assert.ok(
        tracked.some(path => path === name || path.endsWith(`/${name}`)),
        `${file}: ${name}`,
      )
})

test('each example has a README, which the list of examples and a document name', () => {
  const list = read('examples/README.md')
  const docs = globSync('docs/*.md').map(read).join('\n')
  for (const folder of readdirSync('examples', { withFileTypes: true }).filter(entry => entry.isDirectory())) {
    assert.ok(existsSync(`examples/${folder.name}/README.md`), folder.name)
    assert.ok(list.includes(`(${folder.name}/README.md)`), folder.name)
    assert.ok(docs.includes(`../examples/${folder.name}`), folder.name)
  }
})

/** Their links too, although they name no commands. */
const WITH_LINKS = [
  ...DOCUMENTS,
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...globSync(['docs/adr/*.md', '{test,functions,examples}/**/README.md'], {
    exclude: path => path.includes('node_modules'),
  }),
]

test('links of the documents have targets', () => {
  for (const file of WITH_LINKS)
    for (const [, target = ''] of read(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g))
      if (!/^https?:/.test(target)) assert.ok(existsSync(join(dirname(file), target)), `${file}: ${target}`)
})

test('the decisions that documents and code cite exist', () => {
  const numbers = new Set(globSync('docs/adr/*.md').map(path => Number(/(\d{4})-/.exec(path)?.[1])))
  assert.ok(numbers.size > 10)
  const files = [...WITH_LINKS, ...globSync('{lib,functions,bin,scripts,local,test}/**/*.ts')]
  for (const file of files)
    for (const [citation, digits] of read(file).matchAll(/\bADR (\d+)/g))
      assert.ok(numbers.has(Number(digits)), `${file}: ${citation}`)
})

/** The fragment by which a link names a heading. */
function slugOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-')
}

test('links to a heading name one that is there', () => {
  const headings = (file: string) =>
    new Set([...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => slugOf(heading)))
  let checked = 0
  for (const file of WITH_LINKS)
    for (const [, target = '', heading = ''] of read(file).matchAll(/\]\(([^)#\s:]*)#([^)\s]+)\)/g)) {
      const page = target === '' ? file : join(dirname(file), target)
      if (!page.endsWith('.md')) continue
      assert.ok(headings(page).has(heading), `${file}: ${target}#${heading}`)
      checked++
    }
  assert.ok(checked > 50, `${checked} links`)
})
