import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { mutate, seeded } from '../../test/fakes/random.ts'
import type { Parser } from './parser.ts'

/** More for one input of a few hundred bytes is a hang in the making. */
const MAX_INPUT_MS = 50
/** A pause of the machine is no fault of the parser: what took longer than this is timed again, and the quickest counts. */
const DOUBTFUL_MS = 1
const TIMED_AGAIN = 5
export const MAX_HEAP_GROWTH_BYTES = 10 * 1024 * 1024
/** After so many inputs everything is there that a parser keeps for good. */
const WARM_INPUTS = 20_000

export interface Figures {
  seconds: number
  /** Of one input. */
  worstMs: number
  /** From the warm parser to the last input, garbage collected both times. */
  heapGrowthBytes: number
  /** How often an input came as far as this. */
  reached: Readonly<Record<string, number>>
}

/** Feeds changed copies of a parser's seeds. Throws, naming the input, when the parser throws, dawdles or hoards. */
export async function feed(parser: Parser, inputs: number, seed: number): Promise<Figures> {
  const random = seeded(seed)
  const reached = new Map<string, number>()
  const take = parser.start((what, times = 1) => void reached.set(what, (reached.get(what) ?? 0) + times))
  const startedMs = performance.now()
  let worstMs = 0
  let warmBytes = 0
  for (let i = 0; i < inputs; i++) {
    if (i === Math.min(WARM_INPUTS, inputs >> 1)) warmBytes = heapBytes()
    const from = parser.seeds[Math.floor(random() * parser.seeds.length)] ?? Buffer.alloc(0)
    const bytes = mutate(from, random, parser.tokens)
    const name = (): string => `${parser.name}, seed ${seed}, input ${i}: ${bytes.toString('hex')}`
    const beganMs = performance.now()
    try {
      const done = take(bytes)
      if (done instanceof Promise) await done
    } catch (error) {
      throw new Error(name(), { cause: error })
    }
    let tookMs = performance.now() - beganMs
    if (tookMs > Math.max(worstMs, DOUBTFUL_MS)) tookMs = Math.min(tookMs, await quickest(parser, bytes))
    if (tookMs > MAX_INPUT_MS) throw new Error(`slow: ${tookMs.toFixed(0)} ms, ${name()}`)
    worstMs = Math.max(worstMs, tookMs)
  }
  const heapGrowthBytes = heapBytes() - warmBytes
  if (heapGrowthBytes > MAX_HEAP_GROWTH_BYTES) throw new Error(`hoards: ${parser.name}, ${heapGrowthBytes} bytes more`)
  return {
    seconds: (performance.now() - startedMs) / 1000,
    worstMs,
    heapGrowthBytes,
    reached: Object.fromEntries(reached),
  }
}

async function quickest(parser: Parser, bytes: Buffer): Promise<number> {
  let bestMs = Number.POSITIVE_INFINITY
  for (let time = 0; time < TIMED_AGAIN; time++) {
    const take = parser.start(() => {})
    const beganMs = performance.now()
    await take(Buffer.from(bytes))
    bestMs = Math.min(bestMs, performance.now() - beganMs)
  }
  return bestMs
}

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

function heapBytes(): number {
  if (typeof collect === 'function') collect()
  return process.memoryUsage().heapUsed
}
