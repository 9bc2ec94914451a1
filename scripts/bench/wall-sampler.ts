/** What the page itself counted while the wall ran. */
export interface WallSample {
  /** From the wall on the screen to each tile's first picture. */
  firstFrameMs: number[]
  /** What tiles said of their pictures' age, once a second each. */
  agesS: number[]
  /** Seconds since all was counted. */
  seconds: number
  painted: number
  decoded: number
  dropped: number
  /** Tile-seconds without a new frame for two seconds or more: those where the tile said so, and those where it did not. */
  saidSeconds: number
  unsaidSeconds: number
}

/** Counts in the page once the wall is there; frames are counted as they are painted. */
export const SAMPLER = `(() => {
  const STALL_MS = 2000
  const tiles = new Map()
  const sample = { firstFrameMs: [], agesS: [], seconds: 0, painted: 0, decoded: 0, dropped: 0, saidSeconds: 0, unsaidSeconds: 0 }
  let shownMs
  const watch = (element) => {
    const video = element.querySelector('video')
    const tile = { element, video, lastMs: undefined, decoded: 0, dropped: 0 }
    const onFrame = (now) => {
      if (tile.lastMs === undefined) sample.firstFrameMs.push(now - shownMs)
      tile.lastMs = now
      sample.painted += 1
      video.requestVideoFrameCallback(onFrame)
    }
    video.requestVideoFrameCallback(onFrame)
    tiles.set(element.dataset.tile, tile)
  }
  const find = setInterval(() => {
    const found = document.querySelectorAll('[data-tile]')
    if (found.length === 0) return
    shownMs ??= performance.now()
    for (const element of found) if (!tiles.has(element.dataset.tile)) watch(element)
  }, 20)
  setTimeout(() => clearInterval(find), 10000)
  setInterval(() => {
    if (shownMs === undefined) return
    const now = performance.now()
    let areAllHere = true
    for (const tile of tiles.values()) if (tile.lastMs === undefined) areAllHere = false
    for (const tile of tiles.values()) {
      const { totalVideoFrames, droppedVideoFrames } = tile.video.getVideoPlaybackQuality()
      // Counters begin anew with each view.
      const [decoded, dropped] = [totalVideoFrames - tile.decoded, droppedVideoFrames - tile.dropped]
      tile.decoded = totalVideoFrames
      tile.dropped = droppedVideoFrames
      if (!areAllHere) continue
      sample.decoded += decoded < 0 ? totalVideoFrames : decoded
      sample.dropped += decoded < 0 ? droppedVideoFrames : dropped
      const age = /[\\d.]+/.exec(tile.element.querySelector('.tile-live-words')?.textContent ?? '')
      if (age !== null) sample.agesS.push(Number(age[0]))
      if (now - tile.lastMs < STALL_MS) continue
      if (tile.element.dataset.state === 'live') sample.unsaidSeconds += 1
      else sample.saidSeconds += 1
    }
    if (areAllHere) sample.seconds += 1
    else sample.painted = 0
  }, 1000)
  window.wallSample = () => sample
})()`
