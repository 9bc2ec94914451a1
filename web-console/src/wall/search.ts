import type { Camera } from '../../../gateway/contracts/camera.ts'

/**
 * The first character of each initial in the order of pinyin; no syllable begins with i, u or v. The browser's own
 * collation (CLDR zh, pinyin) knows where every other character stands between them, so no table need be carried.
 */
const FIRSTS = [...'阿八嚓哒妸发旮哈丌咔垃妈嗯喔帊七呥仨他屲夕丫帀']
const INITIALS = 'abcdefghjklmnopqrstwxyz'
const collator = new Intl.Collator('zh-CN-u-co-pinyin')

/** Characters of place names that are read in another way as well. */
const ALSO: Readonly<Record<string, string>> = {
  单: 's',
  厦: 'x',
  台: 't',
  堡: 'p',
  晟: 'c',
  校: 'j',
  行: 'h',
  车: 'j',
  都: 'd',
  重: 'c',
  长: 'c',
  乐: 'y',
  朝: 'z',
  会: 'k',
  调: 't',
  埔: 'b',
}

const known = new Map<string, string>()

/** Letters that a character may be typed as: itself in lower case, or the initials of its readings. */
function lettersOf(character: string): string {
  const present = known.get(character)
  if (present !== undefined) return present
  let letters = character.toLowerCase()
  if (/\p{Script=Han}/u.test(character)) {
    const at = FIRSTS.findLastIndex((first) => collator.compare(character, first) >= 0)
    letters = `${INITIALS[at] ?? ''}${ALSO[character] ?? ''}`
  }
  known.set(character, letters)
  return letters
}

/** True if the letters are initials of neighbouring characters: `djk` finds 东街口. */
function hasInitials(text: string, letters: string): boolean {
  const characters = [...text].filter((character) => /[\p{L}\p{N}]/u.test(character))
  for (let start = 0; start + letters.length <= characters.length; start += 1) {
    if ([...letters].every((letter, at) => lettersOf(characters[start + at] ?? '').includes(letter))) return true
  }
  return false
}

/** The camera as people may ask for it. */
export type Findable = Pick<Camera, 'name' | 'cellCode' | 'gbId'> & { device: Pick<Camera['device'], 'address'> }

/**
 * Each word must be found: in the place's name, in the cell's name or code, in the camera's number or address, or as
 * pinyin initials of one of the names.
 */
export function isFound(camera: Findable, cellName: string, query: string): boolean {
  const text =
    `${camera.name} ${cellName} ${camera.cellCode} ${camera.gbId ?? ''} ${camera.device.address}`.toLowerCase()
  return query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
    .every(
      (word) =>
        text.includes(word) ||
        (/^[a-z]{2,}$/.test(word) && [camera.name, cellName].some((name) => hasInitials(name, word))),
    )
}
