import t from 'tap'
import { MuxedStream } from '../fakes/muxed-stream.ts'
import { checkInit, checkPart } from './rules/container-rules.ts'
import { type Faults, told } from './rules/fault.ts'
import { checkMediaList } from './rules/media-rules.ts'
import { checkMultivariant, checkPeak } from './rules/multivariant-rules.ts'
import { Observer } from './rules/observer.ts'
import { checkRendition } from './rules/rendition-rules.ts'
import { checkDelta, checkUpdate } from './rules/update-rules.ts'

// The validator itself: it is silent on a good playlist, and finds each fault in a broken one.

const HEAD = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3.6,CAN-SKIP-UNTIL=12.0
#EXT-X-PART-INF:PART-TARGET=1.1
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:1
#EXT-X-MAP:URI="init-0.mp4"
`
const segment = (msn: number, second: number): string =>
  `#EXT-X-PROGRAM-DATE-TIME:2026-03-02T06:03:${second}.000Z\n#EXTINF:2.00000,\ns${msn}.m4s\n`
const OPEN = `#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-03-02T06:03:36.500Z
#EXT-X-PART:DURATION=1.00000,URI="p0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=1.00000,URI="p1.m4s"
#EXTINF:2.00000,
s10.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-03-02T06:03:38.500Z
#EXT-X-PART:DURATION=1.00000,URI="p2.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p3.m4s"
`
const GOOD = `${HEAD}${segment(7, 30)}${segment(8, 32)}${segment(9, 34)}${OPEN}`

t.test('a good playlist', async (t) => {
  t.equal(told(checkMediaList(GOOD).faults), '')
})

const edit = (from: string | RegExp, to: string) => (text: string) => {
  const changed = text.replace(from, to)
  if (changed === text) throw new Error(`${from} is not there to change`)
  return changed
}

const BROKEN: [name: string, rule: string, change: (text: string) => string][] = [
  ['no header', '4.4.1.1', edit('#EXTM3U\n', '')],
  ['a BOM', '4.1', edit('VERSION', '\ufeffVERSION')],
  ['cut off in the middle', '4.1', (text) => text.slice(0, -5)],
  ['a version too low for EXT-X-MAP', '4.4.4.5', edit('VERSION:9', 'VERSION:5')],
  ['a version too low to skip', '8', (text) => edit('VERSION:9', 'VERSION:8')(skip(text, 1))],
  ['no target duration', '4.4.3.1', edit(/#EXT-X-TARGETDURATION.*\n/, '')],
  ['a target duration with a fraction', '4.4.3.1', edit('DURATION:2\n', 'DURATION:2.5\n')],
  ['a segment that rounds to more', '4.4.3.1', edit('#EXTINF:2.00000,\ns8', '#EXTINF:2.50000,\ns8')],
  ['a segment without EXTINF', '4.4.4.1', edit('#EXTINF:2.00000,\ns8', 's8')],
  ['EXTINF without its comma', '4.4.4.1', edit('2.00000,\ns8', '2.00000\ns8')],
  ['EXTINF twice', '4.4.4.1', edit('#EXTINF:2.00000,\ns8', '#EXTINF:2.00000,\n#EXTINF:2.00000,\ns8')],
  ['a tag twice', '4.4', edit('#EXT-X-VERSION:9\n', '#EXT-X-VERSION:9\n#EXT-X-VERSION:9\n')],
  ['the sequence number too late', '4.4.3.2', (text) => `${text}#EXT-X-MEDIA-SEQUENCE:7\n`],
  ['the discontinuity number too late', '4.4.3.3', (text) => `${text}#EXT-X-DISCONTINUITY-SEQUENCE:7\n`],
  ['a type', '6.2.2', edit('#EXT-X-MEDIA-S', '#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA-S')],
  ['a tag of multivariant playlists', '4.4.6', edit('#EXT-X-MEDIA-S', '#EXT-X-STREAM-INF:BANDWIDTH=1\n#EXT-X-MEDIA-S')],
  ['no init segment', '4.4.4.5', edit(/#EXT-X-MAP.*\n/, '')],
  [
    'another init segment without a discontinuity',
    '4.4.4.3',
    edit('#EXTINF:2.00000,\ns9', '#EXT-X-MAP:URI="init-1.mp4"\n#EXTINF:2.00000,\ns9'),
  ],
  ['a URI without quotes', '4.4.4.5', edit('URI="init-0.mp4"', 'URI=init-0.mp4')],
  ['an attribute twice', '4.2', edit('PART-TARGET=1.1', 'PART-TARGET=1.1,PART-TARGET=1.1')],
  ['attributes that are none', '4.2', edit('PART-TARGET=1.1', 'part target')],
  ['a part over the part target', '4.4.4.9', edit('DURATION=1.00000,URI="p1', 'DURATION=1.20000,URI="p1')],
  [
    'a part under 85 %',
    '4.4.4.9',
    (text) =>
      edit(
        '#EXT-X-PART:DURATION=1.00000,URI="p1.m4s"',
        '#EXT-X-PART:DURATION=0.90000,URI="p1.m4s"\n#EXT-X-PART:DURATION=0.10000,URI="p9.m4s"',
      )(text),
  ],
  ['parts that do not add up', '4.4.4.9', edit('#EXT-X-PART:DURATION=1.00000,URI="p1.m4s"\n', '')],
  ['INDEPENDENT=NO', '4.4.4.9', edit('"p1.m4s"', '"p1.m4s",INDEPENDENT=NO')],
  [
    'the date after the first part',
    '4.4.4.9',
    edit('"p0.m4s",INDEPENDENT=YES\n', '"p0.m4s",INDEPENDENT=YES\n#EXT-X-PROGRAM-DATE-TIME:2026-03-02T06:03:36.500Z\n'),
  ],
  ['parts and no part target', '4.4.3.7', edit(/#EXT-X-PART-INF.*\n/, '')],
  ['no PART-HOLD-BACK', '4.4.3.8', edit('PART-HOLD-BACK=3.6,', '')],
  ['PART-HOLD-BACK under three part targets', '4.4.3.8', edit('HOLD-BACK=3.6', 'HOLD-BACK=3.2')],
  ['HOLD-BACK under three targets', '4.4.3.8', edit('PART-HOLD', 'HOLD-BACK=5.9,PART-HOLD')],
  ['CAN-SKIP-UNTIL under six targets', '4.4.3.8', edit('UNTIL=12.0', 'UNTIL=11.9')],
  ['cannot block', 'apple: low-latency profile', edit('CAN-BLOCK-RELOAD=YES,', '')],
  ['no hint', 'apple: low-latency profile', edit(/#EXT-X-PRELOAD-HINT.*\n/, '')],
  ['a hint of what is there', '6.2.6', edit('TYPE=PART,URI="p3', 'TYPE=PART,URI="p2')],
  ['two hints', '6.2.6', (text) => `${text}#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p4.m4s"\n`],
  ['a part twice', '4.1', edit('"p1.m4s"', '"p0.m4s"')],
  ['no date', 'apple: PROGRAM-DATE-TIME', edit(/#EXT-X-PROGRAM-DATE-TIME.*\n/, '')],
  ['a date without a zone', '4.4.4.6', edit('06:03:32.000Z', '06:03:32.000')],
  ['a date within the segment before', '6.2.1', edit('06:03:34.000Z', '06:03:32.900Z')],
  ['a date far ahead', '6.2.1', edit('06:03:34.000Z', '06:03:38.000Z')],
  [
    'independent segments that are not',
    '4.4.2.1',
    (text) =>
      edit(
        '"p2.m4s",INDEPENDENT=YES',
        '"p2.m4s"',
      )(edit('#EXT-X-MEDIA-S', '#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MEDIA-S')(text)),
  ],
  ['skips, but never said it could', '4.4.5.2', (text) => edit(',CAN-SKIP-UNTIL=12.0', '')(skip(text, 1))],
  [
    'parts only',
    '4.4.4',
    () =>
      `${HEAD}#EXT-X-PROGRAM-DATE-TIME:2026-03-02T06:03:38.500Z\n#EXT-X-PART:DURATION=1.0,URI="p2.m4s"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p3.m4s"\n`,
  ],
]

/** The delta update that leaves out so many segments. */
function skip(text: string, count: number): string {
  const segments = [segment(7, 30), segment(8, 32), segment(9, 34)].slice(0, count).join('')
  return edit(`#EXT-X-MAP:URI="init-0.mp4"\n${segments}`, `#EXT-X-SKIP:SKIPPED-SEGMENTS=${count}\n`)(text)
}

for (const [name, rule, change] of BROKEN) {
  t.test(`broken: ${name}`, async (t) => {
    const { faults } = checkMediaList(change(GOOD))
    t.ok(
      faults.some((fault) => fault.rule === rule),
      `${rule} among:\n${told(faults)}`,
    )
  })
}

const list = (text: string) => checkMediaList(text).list
const NEXT = edit(
  '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p3.m4s"',
  '#EXT-X-PART:DURATION=1.00000,URI="p3.m4s"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p4.m4s"',
)(GOOD)

t.test('a good update, and one that lets the oldest go', async (t) => {
  t.equal(told(checkUpdate(list(GOOD), list(NEXT))), '')
  const shorter = edit(segment(7, 30), '')(edit('SEQUENCE:7', 'SEQUENCE:8')(NEXT))
  t.equal(told(checkUpdate(list(GOOD), list(shorter))), '')
})

const WRONG_UPDATES: [name: string, rule: string, change: (text: string) => string][] = [
  ['another target duration', '6.2.1', edit('DURATION:2\n', 'DURATION:3\n')],
  ['another part target', '6.2.1', edit('PART-TARGET=1.1', 'PART-TARGET=1.15')],
  ['the sequence number falls', '6.2.2', edit('SEQUENCE:7', 'SEQUENCE:6')],
  ['a segment goes and is not counted', '6.2.1', edit(segment(7, 30), '')],
  ['a segment goes from the middle', '6.2.1', edit(segment(8, 32), '')],
  ['another duration', '6.2.1', edit('#EXTINF:2.00000,\ns8', '#EXTINF:1.90000,\ns8')],
  ['another date', '6.2.1', edit('06:03:32.000Z', '06:03:32.100Z')],
  ['a discontinuity comes later', '6.2.1', edit('#EXTINF:2.00000,\ns9', '#EXT-X-DISCONTINUITY\n#EXTINF:2.00000,\ns9')],
  ['a discontinuity is forgotten', '6.2.2', edit('#EXT-X-DISCONTINUITY\n', '')],
  ['a part is replaced', '6.2.1', edit('"p1.m4s"', '"p7.m4s"')],
  ['a part is taken back', '6.2.1', edit('#EXT-X-PART:DURATION=1.00000,URI="p2.m4s",INDEPENDENT=YES\n', '')],
  ['the hinted part never comes', '6.2.6', edit('URI="p3.m4s"\n#', 'URI="p9.m4s"\n#')],
  [
    'less than three target durations are left',
    '6.2.2',
    (text) => edit(segment(7, 30) + segment(8, 32), '')(edit('SEQUENCE:7', 'SEQUENCE:9')(text)),
  ],
]

for (const [name, rule, change] of WRONG_UPDATES) {
  t.test(`a wrong update: ${name}`, async (t) => {
    const faults = checkUpdate(list(GOOD), list(change(NEXT)))
    t.ok(
      faults.some((fault) => fault.rule === rule),
      `${rule} among:\n${told(faults)}`,
    )
  })
}

t.test('delta updates', async (t) => {
  const long = edit('UNTIL=12.0', 'UNTIL=4.0')(GOOD)
  t.equal(told(checkDelta(list(long), list(long))), '', 'nothing need be skipped')
  t.equal(told(checkDelta(list(long), list(skip(long, 1)))), '')
  t.match(told(checkDelta(list(long), list(skip(long, 3)))), 'and was skipped')
  t.match(told(checkDelta(list(long), list(edit(segment(9, 34), '')(skip(long, 1))))), 'differs')
  t.match(told(checkDelta(list(long), list(edit('"p3.m4s"', '"p4.m4s"')(long)))), 'hint')
})

t.test('multivariant playlists', async (t) => {
  const good = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-STREAM-INF:BANDWIDTH=4200000,AVERAGE-BANDWIDTH=4000000,CODECS="avc1.640028",RESOLUTION=1920x1080,FRAME-RATE=25.000
x/video.m3u8
`
  t.equal(told(checkMultivariant(good).faults), '')
  for (const [rule, change] of [
    ['4.4.6.2', edit('BANDWIDTH=4200000,', '')],
    ['4.4.6.2', edit('AVERAGE-BANDWIDTH=4000000', 'AVERAGE-BANDWIDTH=4300000')],
    ['apple: AVERAGE-BANDWIDTH', edit('AVERAGE-BANDWIDTH=4000000,', '')],
    ['4.4.6.2', edit('avc1.640028', 'h264')],
    ['apple: RESOLUTION', edit('RESOLUTION=1920x1080,', '')],
    ['4.4.6.2', edit('25.000', '25')],
    ['4.4.6.2', edit('x/video.m3u8\n', '')],
    ['4.4.6', edit('#EXT-X-VERSION:9', '#EXT-X-TARGETDURATION:2')],
    ['4.4.6', edit(/#EXT-X-STREAM-INF.*\n/, '')],
    ['apple: FRAME-RATE', edit(',FRAME-RATE=25.000', '')],
    ['apple: FRAME-RATE', edit('25.000', '120.000')],
  ] as const) {
    const { faults } = checkMultivariant(change(good))
    t.ok(
      faults.some((fault) => fault.rule === rule),
      `${rule} among:\n${told(faults)}`,
    )
  }
  const sound =
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="1",URI="sound/y/sound.m3u8"\n'
  const heard = edit(
    '#EXT-X-STREAM',
    `${sound}#EXT-X-STREAM`,
  )(edit('25.000', '25.000,AUDIO="sound"')(edit('avc1.640028', 'avc1.640028,mp4a.40.2')(good)))
  t.equal(told(checkMultivariant(heard).faults), '')
  for (const [rule, change] of [
    ['4.4.6.1', edit('TYPE=AUDIO', 'TYPE=SUBTITLES')],
    ['4.4.6.1', edit('NAME="Sound",', '')],
    ['4.4.6.1', edit(sound, sound + sound)],
    ['4.4.6.1', edit(',AUTOSELECT=YES', '')],
    ['4.4.6.1', edit(',URI="sound/y/sound.m3u8"', '')],
    ['apple: CHANNELS', edit('CHANNELS="1",', '')],
    ['4.4.6.2', edit('AUDIO="sound"', 'AUDIO="other"')],
    ['4.4.6.2', edit(',AUDIO="sound"', '')],
    ['4.4.6.2', edit(',mp4a.40.2', '')],
  ] as const) {
    const { faults } = checkMultivariant(change(heard))
    t.ok(
      faults.some((fault) => fault.rule === rule),
      `${rule} among:\n${told(faults)}`,
    )
  }
})

t.test('the bit rate that was told', async (t) => {
  const variant = { uri: '', bandwidthBps: 4_000_000, averageBps: 3_000_000, frameRate: 25, audio: undefined }
  t.same(checkPeak(variant, 5_000_000), [])
  t.match(checkPeak(variant, 5_100_000), [{ rule: 'apple: BANDWIDTH' }])
})

t.test('one rendition beside the other', async (t) => {
  const report = '#EXT-X-RENDITION-REPORT:URI="../y/sound.m3u8",LAST-MSN=11,LAST-PART=0\n'
  const [picture, sound] = [list(GOOD + report), list(GOOD)]
  t.equal(told(checkRendition(picture, '../y/sound.m3u8', sound)), '')
  for (const [rule, from] of [
    ['apple: low-latency profile', GOOD],
    ['4.4.5.4', GOOD + report.replace('LAST-PART=0', 'LAST-PART=7')],
    ['4.4.5.4', GOOD + report.replace('LAST-MSN=11', 'LAST-MSN=12')],
    ['4.4.5.4', GOOD + report.replace('LAST-MSN=11', 'LAST-MSN=9')],
    ['6.2.4', GOOD.replace('TARGETDURATION:2', 'TARGETDURATION:3') + report],
  ] as const) {
    const faults = checkRendition(list(from), '../y/sound.m3u8', sound)
    t.ok(
      faults.some((fault) => fault.rule === rule),
      `${rule} among:\n${told(faults)}`,
    )
  }
  const absolute = checkMediaList(GOOD + report.replace('../y/', 'https://elsewhere.example/')).faults
  t.match(absolute, [{ rule: '4.4.5.4' }])
})

t.test('what the boxes say', async (t) => {
  const muxed = new MuxedStream('h264')
  const nals = ['6742001e95a8280bfe54', '68ce3c80', '6588aa55'].map((text) => Buffer.from(text, 'hex'))
  for (let i = 0; i < 6; i++) await muxed.push(i === 0 ? nals : [Buffer.from('419acc55', 'hex')], i)
  muxed.segmenter.endSession()
  const faultsOf = (check: (faults: Faults) => unknown): string => {
    const faults: Faults = []
    check(faults)
    return told(faults)
  }
  const init = await muxed.bytes(`${muxed.window.prefix}/init-0.mp4`)
  t.equal(
    faultsOf((faults) => t.same(checkInit(init, faults), { timescale: 90_000 })),
    '',
  )
  const renamed = (bytes: Buffer, from: string, to: string): Buffer => {
    const broken = Buffer.from(bytes)
    broken.write(to, bytes.lastIndexOf(from), 'latin1')
    return broken
  }
  for (const [from, to, rule] of [
    ['ftyp', 'free', /4\.4\.4\.5/],
    ['trak', 'free', /one track/],
    ['mvex', 'free', /fragments/],
    ['avc1', 'avc3', /sample entries/],
  ] as const) {
    t.match(
      faultsOf((faults) => checkInit(renamed(init, from, to), faults)),
      rule,
      from,
    )
  }
  const parts = muxed.window.segments.flatMap((segment) => segment.parts)
  const bytes = parts.map((part) => Buffer.concat(part.buffers))
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = bytes
  t.equal(
    faultsOf((faults) => {
      t.match(checkPart(first, 'first', faults), { startTicks: 90_000, startsWithSync: true, samples: 1 })
      t.match(checkPart(second, 'second', faults), { startTicks: 93_600, startsWithSync: false })
    }),
    '',
  )
  t.equal(
    faultsOf((faults) =>
      t.match(checkPart(Buffer.concat([first, second]), 'x', faults), { startTicks: 90_000, samples: 6, gapTicks: 0 }),
    ),
    '',
  )
  t.match(
    checkPart(Buffer.concat([second, first]), 'x', []),
    { gapTicks: 6 * 3600, endTicks: 93_600 },
    'the second begins before the first has ended',
  )
  t.match(
    faultsOf((faults) => checkPart(Buffer.concat([first, first.subarray(0, first.indexOf('mdat') - 4)]), 'x', faults)),
    /boxes moof,mdat,moof$/m,
  )
  t.match(
    faultsOf((faults) => checkPart(renamed(first, 'tfdt', 'free'), 'x', faults)),
    /no tfhd, tfdt and trun/,
  )
})

t.test('what was listed must be there to load, for as long as the RFC says', async (t) => {
  const gone = new Set<string>()
  let nowMs = 0
  const read = async (uri: string): Promise<Buffer | undefined> => (gone.has(uri) ? undefined : Buffer.from(uri))
  const observer = new Observer(read, () => nowMs)
  nowMs = 0
  await observer.see(GOOD, GOOD)
  t.equal(told(observer.faults), '')
  const later = edit(segment(7, 30), '')(edit('SEQUENCE:7', 'SEQUENCE:8')(NEXT))
  nowMs = 1_000
  await observer.see(later, later)
  gone.add('s7.m4s')
  nowMs = 7_900
  await observer.see(later, later)
  t.match(told(observer.faults), 's7.m4s is gone already')
  observer.faults.length = 0
  gone.add('s8.m4s')
  nowMs = 10_100
  await observer.see(later, later)
  t.equal(told(observer.faults), '', 'two seconds itself, and eight of the list it stood in')
})
