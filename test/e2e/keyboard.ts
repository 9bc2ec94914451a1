import type { Locator } from 'playwright-core'
import { onElement } from './browser.ts'

/** More than any page has between its first control and its last. */
const MAX_TABS = 200

/** Why somebody would not see that this control has the focus, or '' (WCAG 2.4.7, 2.4.11). */
const focusFault = onElement<string>(`
  const place = element.closest('.chip') ?? element
  const { outlineStyle, outlineWidth } = getComputedStyle(place)
  if (outlineStyle === 'none' || parseFloat(outlineWidth) < 2) return 'has no outline'
  const { left, top, width, height } = place.getBoundingClientRect()
  const onTop = document.elementFromPoint(left + width / 2, top + height / 2)
  return onTop !== null && (place.contains(onTop) || onTop.contains(place)) ? '' : 'lies under something'
`)
const hasFocus = onElement<boolean>('return element === document.activeElement')
const holdsFocus = onElement<boolean>('return element.contains(document.activeElement)')

/** Goes on by Tab to a control, as somebody without a mouse does, who sees where the focus is. */
export async function tabTo(control: Locator): Promise<void> {
  await control.waitFor()
  for (let presses = 0; presses < MAX_TABS; presses += 1) {
    if (await control.evaluate(hasFocus)) {
      const fault = await control.evaluate(focusFault)
      if (fault !== '') throw new Error(`${control} has the focus and ${fault}`)
      return
    }
    await control.page().keyboard.press('Tab')
  }
  throw new Error(`${control} cannot be reached by Tab`)
}

/** Tab to a control, and a key on it. */
export async function pressOn(control: Locator, key = 'Enter'): Promise<void> {
  await tabTo(control)
  await control.page().keyboard.press(key)
}

/** Tab to a field, and words in place of those that stand there. */
export async function typeInto(field: Locator, words: string): Promise<void> {
  await tabTo(field)
  await field.page().keyboard.press('Control+A')
  await field.page().keyboard.type(words)
}

/** Tab into a group of radio buttons, and the arrows to one of them. */
export async function choose(radio: Locator): Promise<void> {
  const { keyboard } = radio.page()
  const group = radio.locator('xpath=ancestor::fieldset[1]')
  for (let presses = 0; presses < MAX_TABS; presses += 1) {
    if (await group.evaluate(holdsFocus)) break
    await keyboard.press('Tab')
  }
  await keyboard.press('Space')
  for (let presses = 0; presses < MAX_TABS; presses += 1) {
    if (await radio.isChecked()) return
    await keyboard.press('ArrowDown')
  }
  throw new Error(`${radio} cannot be chosen by the arrows`)
}

const chosenWords = onElement<string>('return element.selectedOptions[0]?.textContent ?? ""')

/** Tab to a list, and the arrows to one of its lines. */
export async function pick(list: Locator, words: string): Promise<void> {
  await tabTo(list)
  const { keyboard } = list.page()
  await keyboard.press('Home')
  for (let presses = 0; presses < MAX_TABS; presses += 1) {
    if ((await list.evaluate(chosenWords)) === words) return
    await keyboard.press('ArrowDown')
  }
  throw new Error(`${list} has no line '${words}'`)
}

/** Tab to a day's field, and its month, day and year, in the order of this browser's own language. @param day `2026-03-02` */
export async function typeDay(field: Locator, day: string): Promise<void> {
  await tabTo(field)
  const [year = '', month = '', date = ''] = day.split('-')
  await field.page().keyboard.type(`${month}${date}${year}`)
}

/** Opens what a control opens, and leaves it by Escape. @returns what is wrong: the focus must be on the control again */
export async function leaveByEscape(opener: Locator, opened: Locator): Promise<string[]> {
  await pressOn(opener)
  await opened.waitFor()
  const hasGoneIn = await opened.evaluate(holdsFocus)
  await opener.page().keyboard.press('Escape')
  await opened.waitFor({ state: 'detached' })
  return [...(hasGoneIn ? [] : [`${opened} is open without the focus`]), ...(await focusIsBackOn(opener))]
}

/** @returns what is wrong after something that this control opened has gone */
export const focusIsBackOn = async (opener: Locator): Promise<string[]> =>
  (await opener.evaluate(hasFocus)) ? [] : [`the focus is not back on ${opener}`]
