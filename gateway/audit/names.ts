import type { Tx } from '../storage/database.ts'

/** What things of one kind are called today, by their ids; those that are gone are left out. */
export type FindNames = (tx: Tx, ids: readonly string[]) => Promise<readonly { id: string; name: string }[]>

/** By what stands before the colon of an object, such as `user` of `user:4f1c…`. */
export type NameFinders = Readonly<Record<string, FindNames>>

/** @returns the names of those objects that have one; the chain keeps ids alone, since names change */
export async function namesOf(
  tx: Tx,
  finders: NameFinders,
  objects: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const kindOf = (object: string): string => object.slice(0, Math.max(0, object.indexOf(':')))
  const names = new Map<string, string>()
  for (const [kind, ofKind] of Map.groupBy(new Set(objects), kindOf)) {
    const find = Object.hasOwn(finders, kind) ? finders[kind] : undefined
    const ids = ofKind.map((object) => object.slice(kind.length + 1))
    for (const { id, name } of (await find?.(tx, ids)) ?? []) names.set(`${kind}:${id}`, name)
  }
  return names
}
