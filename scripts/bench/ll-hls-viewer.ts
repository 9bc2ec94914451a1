import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'

/**
 * As a low-latency player does: each reload is held for the next part, and each part is fetched. Works with any server
 * of LL-HLS. @param index the multivariant playlist
 */
export async function playLowLatency(
  index: URL,
  headers: Record<string, string>,
  stop: AbortSignal,
  onPart: (bytes: Buffer) => void = () => {},
): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  const read = async (url: URL): Promise<Buffer> => {
    const [response] = (await once(get(url, { agent, headers }), 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  const text = async (url: URL): Promise<string> => (await read(url)).toString('latin1')
  // MediaMTX sends the index elsewhere before it gives it.
  const renditions = await (await fetch(index, { headers })).text()
  const playlist = new URL(renditions.split('\n').find((line) => /^[^#].*\.m3u8/.test(line)) ?? '', index)
  let reload = playlist
  while (!stop.aborted) {
    const lines = (await text(reload)).split('\n')
    const first = Number(lines.find((line) => line.startsWith('#EXT-X-MEDIA-SEQUENCE:'))?.split(':')[1])
    const lastWhole = lines.findLastIndex((line) => line.startsWith('#EXTINF'))
    const whole = lines.filter((line) => line.startsWith('#EXTINF')).length
    const parts = lines.slice(lastWhole + 1).filter((line) => line.startsWith('#EXT-X-PART:'))
    reload = new URL(playlist)
    reload.searchParams.set('_HLS_msn', String(first + whole))
    reload.searchParams.set('_HLS_part', String(parts.length))
    const uri = /URI="([^"]+)"/.exec(lines.findLast((line) => line.startsWith('#EXT-X-PART:')) ?? '')?.[1]
    if (uri === undefined) throw new Error(`nothing to play at ${playlist}: ${lines[0]}`)
    onPart(await read(new URL(uri, playlist)))
  }
  agent.destroy()
}
