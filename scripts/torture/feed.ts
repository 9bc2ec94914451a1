import { mutate, seeded } from '../../test/fakes/random.ts'
import type { Parser } from './media-parsers.ts'

/** More than this for one input of a few hundred bytes is a hang in the making. */
const MAX_INPUT_MS = 1_000
/** A window's bound, the slabs beside it and what grows. */
const MAX_HELD_BYTES = 64 * 1024 * 1024

/** Feeds changed copies of a parser's seeds. Throws, naming the input, when the parser throws, dawdles or hoards. */
export function feed(parser: Parser, inputs: number, seed: number): void {
  const random = seeded(seed)
  const take = parser.start()
  for (let i = 0; i < inputs; i++) {
    const from = parser.seeds[Math.floor(random() * parser.seeds.length)] ?? Buffer.alloc(0)
    const bytes = mutate(from, random)
    const startedMs = performance.now()
    const name = (): string => `${parser.name}, seed ${seed}, input ${i}: ${bytes.toString('hex')}`
    try {
      take(bytes)
    } catch (error) {
      throw new Error(name(), { cause: error })
    }
    if (performance.now() - startedMs > MAX_INPUT_MS) throw new Error(`slow: ${name()}`)
    if ((parser.figures?.().heldBytes ?? 0) > MAX_HELD_BYTES) throw new Error(`hoards: ${name()}`)
  }
}
