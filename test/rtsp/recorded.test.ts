import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { chooseChallenge, parseChallenges } from '../../gateway/digest.ts'
import { InterleavedReader } from '../../gateway/rtsp/interleaved-reader.ts'
import type { RtspMessage } from '../../gateway/rtsp/message.ts'

const recorded = new URL('../../../shared/fixtures/cameras/sdp/', import.meta.url)
const skip = existsSync(recorded) ? false : 'recorded messages absent'

/** What the index of the recordings says of each answer; headers as they were sent. */
const ANSWERS: { name: string; status: number; headers: Record<string, string | RegExp> }[] = [
  {
    name: 'retina-bunny-setup.rtsp',
    status: 200,
    headers: { session: '1642021126;timeout=60', transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' },
  },
  { name: 'retina-dahua-options.rtsp', status: 200, headers: { session: '136527041864', public: /GET_PARAMETER/ } },
  {
    name: 'retina-dahua-setup.rtsp',
    status: 200,
    headers: { session: '634214675641;timeout=60', transport: /interleaved=0-1;ssrc=30A98EE7/ },
  },
  { name: 'retina-gw-main-play.rtsp', status: 200, headers: { session: /^9a90de54/, 'rtp-info': /seq=271/ } },
  { name: 'retina-gw-sub-play.rtsp', status: 200, headers: { session: /^9b0d0e54/, 'rtp-info': /rtptime=1621810809/ } },
  { name: 'retina-gw-sub-setup.rtsp', status: 200, headers: { session: /timeout=60/, transport: /interleaved=0-1/ } },
  {
    name: 'retina-luckfox-rkipc-setup-tcp.rtsp',
    status: 200,
    headers: { session: '12345678', transport: 'RTP/AVP/TCP;ssrc=22345684;interleaved=0-1' },
  },
  { name: 'retina-reolink-setup.rtsp', status: 200, headers: { session: 'F8F8E425', transport: /interleaved=0-1/ } },
  { name: 'hikvision-two-challenges.rtsp', status: 401, headers: { 'www-authenticate': /Digest/ } },
]

for (const { name, status, headers } of ANSWERS) {
  t.test(`recorded: ${name}, whole and byte by byte`, { skip }, async (t) => {
    const file = readFileSync(new URL(name, recorded))
    // Some recordings lack the empty line that ends a head.
    const bytes = /\r?\n\r?\n$/.test(file.toString('latin1')) ? file : Buffer.concat([file, Buffer.from('\r\n\r\n')])
    for (const step of [bytes.length, 1]) {
      const messages: RtspMessage[] = []
      const reader = new InterleavedReader({
        frame: () => t.fail('no frame'),
        message: (one) => void messages.push(one),
      })
      for (let at = 0; at < bytes.length; at += step) {
        const chunk = bytes.subarray(at, at + step)
        t.equal(reader.push(chunk, chunk.length), undefined)
      }
      const [message] = messages
      t.match(message, { kind: 'response', status })
      for (const [header, value] of Object.entries(headers))
        t.match(message?.headers.get(header)?.join(', '), value, header)
    }
  })
}

t.test('of three challenges SHA-256 is answered, never Basic', { skip }, async (t) => {
  const text = readFileSync(new URL('hikvision-two-challenges.rtsp', recorded), 'utf8')
  const values = [...text.matchAll(/^WWW-Authenticate: (.*)$/gim)].map(([, value = '']) => value.trim())
  t.match(chooseChallenge(parseChallenges(values)), { scheme: /digest/i, algorithm: /SHA-256/i })
})
