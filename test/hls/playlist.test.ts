import t from 'tap'
import { Part } from '../../gateway/hls/part.ts'
import { mediaPlaylist, type Segment } from '../../gateway/hls/playlist.ts'
import { TIMESCALE } from '../../gateway/media.ts'

const FRAME = TIMESCALE / 25
const START_MS = Date.UTC(2026, 9, 1)

function segment(msn: number): Segment {
  return {
    msn,
    parts: [],
    durationTicks: undefined,
    partsTicks: 0,
    discontinuitySequence: 0,
    wholeAtTicks: undefined,
    isWhole: true,
    longestListTicks: 0,
    hasPartsListed: true,
    partsKeptUntilTicks: 0,
    initId: 0,
    startedAtMs: START_MS + msn * 2_000,
    sizeBytes: 0,
    wording: undefined,
  }
}

t.test('what was said before is said again only where it still holds', (t) => {
  const segments = [segment(0)]
  let partId = 0
  const check = (partTargetTicks: number, note: string): string => {
    const view = { partTargetTicks, nextPartId: partId, sibling: undefined }
    const told = mediaPlaylist({ ...view, segments }, false)
    const anew = segments.map((one) => ({ ...one, wording: undefined }))
    t.equal(told, mediaPlaylist({ ...view, segments: anew }, false), note)
    return told
  }
  for (let at = 0; at < 40; at += 1) {
    const open = segments.at(-1)
    if (open === undefined) throw new Error('no segment')
    open.parts.push(new Part(partId++, 6 * FRAME, []))
    open.partsTicks += 6 * FRAME
    check(6 * FRAME, 'a part more')
    if (open.parts.length < 8) continue
    open.durationTicks = open.partsTicks
    check(6 * FRAME, 'a whole segment')
    segments.push(segment(open.msn + 1))
    check(6 * FRAME, 'a new one, with nothing in it')
    const old = segments.at(-3)
    if (old !== undefined) old.hasPartsListed = false
    check(6 * FRAME, 'its parts are not listed any more')
  }
  t.match(check(4 * FRAME, 'a smaller part target'), /EXT-X-PART:DURATION=0\.16000/)
  t.notMatch(check(6 * FRAME, 'and the larger one again'), /EXT-X-PART:DURATION=0\.16000/)
  t.end()
})
