import t from 'tap'
import { chooseStream, type Screen } from '../../gateway/registry/choose-stream.ts'

const stream = (role: 'main' | 'sub', codec: 'h264' | 'h265' | 'mjpeg' | 'unknown', width: number) => ({
  role,
  codec,
  width,
})
const H264 = [stream('main', 'h264', 1920), stream('sub', 'h264', 640)]
const MIXED = [stream('main', 'h265', 3840), stream('sub', 'h264', 704)]
const H265 = [stream('main', 'h265', 1920), stream('sub', 'h265', 640)]
const JPEG = [stream('main', 'mjpeg', 1280), stream('sub', 'h264', 640)]

type Case = [name: string, streams: typeof H264, want: 'auto' | 'main' | 'sub', screen: Screen, role: 'main' | 'sub']
const CASES: Case[] = [
  ['what is wished', H264, 'main', {}, 'main'],
  ['what is wished', H264, 'sub', {}, 'sub'],
  ['auto is main', H264, 'auto', {}, 'main'],
  ['a small tile needs no main', H264, 'auto', { width: 640 }, 'sub'],
  ['nearly as wide will do', H264, 'auto', { width: 800 }, 'sub'],
  ['a large tile does', H264, 'auto', { width: 1280 }, 'main'],
  ['a size does not overrule a wish', H264, 'main', { width: 100 }, 'main'],
  ['auto of who says nothing is H.264', MIXED, 'auto', {}, 'sub'],
  ['H.265 goes through where it can', MIXED, 'auto', { codecs: ['h264', 'h265'] }, 'main'],
  ['H.265 as it was wished', MIXED, 'main', {}, 'main'],
  ['the H.264 sub stream instead of a transcode', MIXED, 'main', { codecs: ['h264'] }, 'sub'],
  ['a wish for what has to be transcoded', H265, 'main', { codecs: ['h264'] }, 'main'],
  ['the cheaper transcode', H265, 'auto', { codecs: ['h264'] }, 'sub'],
  ['who says nothing looks for himself', H265, 'auto', {}, 'main'],
  ['JPEG only where there is nothing else', JPEG, 'main', {}, 'sub'],
]

t.test('which stream serves a view', async (t) => {
  for (const [name, streams, want, screen, role] of CASES)
    t.equal(chooseStream(streams, want, screen)?.role, role, name)
  t.equal(chooseStream([], 'auto'), undefined)
  t.equal(chooseStream([stream('main', 'mjpeg', 640)], 'auto', { codecs: ['h264'] })?.role, 'main')
  t.equal(chooseStream([stream('main', 'unknown', 640)], 'auto')?.role, 'main')
})
