import { registerHooks } from 'node:module'
import { MUTANTS } from './list.ts'

/** Loaded before a test: the module that the mutant names is read broken, the file itself stays as it is. */
const mutant = MUTANTS.find(({ name }) => name === process.env.GRIDLIGHT_MUTANT)
if (mutant === undefined) throw new Error(`there is no mutant ${process.env.GRIDLIGHT_MUTANT}`)

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    if (!url.endsWith(`/gateway/${mutant.file}`)) return loaded
    const source = loaded.source instanceof Uint8Array ? Buffer.from(loaded.source).toString() : String(loaded.source)
    if (source.split(mutant.find).length !== 2) throw new Error(`${mutant.name}: its place is not there once`)
    return { ...loaded, source: source.replace(mutant.find, () => mutant.put) }
  },
})
