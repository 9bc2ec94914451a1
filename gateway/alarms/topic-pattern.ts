/** MQTT topics as mappings name them: `{topic}` is the registered topic, any other `{name}` one level (MQTT 3.1.1 §4.7). */

/** What a pattern means for a registered topic, as a filter to subscribe to. */
export const filterOf = (pattern: string, topic: string): string =>
  pattern.replace('{topic}', () => topic).replace(/\{[a-z]+\}/g, '+')

/** @returns the named levels, or undefined where the pattern does not fit */
export function matchPattern(pattern: string, topic: string, sent: string): Map<string, string> | undefined {
  const wanted = pattern.replace('{topic}', () => topic).split('/')
  const levels = sent.split('/')
  if (wanted.length !== levels.length) return undefined
  const named = new Map<string, string>([['topic', topic]])
  for (const [at, part] of wanted.entries()) {
    const level = levels[at] ?? ''
    const [, name] = /^\{([a-z]+)\}$/.exec(part) ?? []
    if (name !== undefined) named.set(name, level)
    else if (part !== level) return undefined
  }
  return named
}

/** Whether a filter, with `#` at its end at the most and `+` for a level, covers a topic. */
export function covers(filter: string, topic: string): boolean {
  const wanted = filter.split('/')
  const levels = topic.split('/')
  for (const [at, part] of wanted.entries()) {
    if (part === '#') return true
    if (at >= levels.length || (part !== '+' && part !== levels[at])) return false
  }
  return wanted.length === levels.length
}

/** Whether there is a topic that both filters cover. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [one.split('/'), other.split('/')]
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [x, y] = [a[at], b[at]]
    if (x === '#' || y === '#') return true
    if (x === undefined || y === undefined) return false
    if (x !== '+' && y !== '+' && x !== y) return false
  }
  return true
}
