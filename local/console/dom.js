// Helpers of the page. Data from records is inserted as text, never as markup.
export const $ = id => document.getElementById(id)

/**
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string | number)} children text, or nodes
 */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, inert(value))
  node.append(...children.map(child => (child instanceof Node ? child : inert(String(child)))))
  return node
}

export function button(text, onClick, attributes = {}) {
  const node = element('button', { type: 'button', ...attributes }, text)
  node.addEventListener('click', () => run(node, onClick))
  return node
}

/** Replaces characters that are invisible, or change the text direction, by their codes. */
export function inert(text) {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, char =>
    char === '\n' || char === '\t' ? char : `\\u${char.codePointAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The stack does not respond. */
export class Offline extends Error {}

export async function request(path, body) {
  const options =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  let response
  try {
    response = await fetch(path, options)
  } catch {
    throw new Offline('The local stack does not respond. Check that npm start is still running.')
  }
  const result = await response.json()
  if (!response.ok) throw Object.assign(new Error(result.error), { status: response.status })
  return result
}

/** Disables the button while `work` runs, and shows its error until the next action. */
export async function run(control, work) {
  control.disabled = true
  showProblem()
  try {
    await work()
  } catch (error) {
    showProblem(error.message)
  } finally {
    control.disabled = false
  }
}

export function showProblem(problem) {
  $('problem').hidden = problem === undefined
  $('problem-text').textContent = problem === undefined ? '' : inert(problem)
}

/** Repeats `work`, even after it failed, but not while the page is hidden. */
export async function poll(work, everyMs) {
  for (;;) {
    if (!document.hidden) {
      try {
        await work()
        $('offline').hidden = true
      } catch (error) {
        if (error instanceof Offline) {
          $('offline').hidden = false
          $('offline').textContent = error.message
        } else showProblem(error.message)
      }
    }
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}

export const number = count => count.toLocaleString('en')
export const counted = (count, noun, plural = `${noun}s`) => `${number(count)} ${count === 1 ? noun : plural}`

export function duration(seconds) {
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`
}

export const secondsSince = iso => (Date.now() - Date.parse(iso)) / 1000

const rendered = new WeakMap()

/** Replaces the children only if `data` has changed, because replacing them loses focus and selection. */
export function render(node, data, children) {
  const key = JSON.stringify(data)
  if (rendered.get(node) === key) return false
  rendered.set(node, key)
  node.replaceChildren(...children())
  return true
}
