import { z } from 'zod'
import { Id, toInstant } from '../contracts/common.ts'
import { Layout, type NewRound, type NewWallLayout, type Round, type WallLayout, WallTile } from '../contracts/wall.ts'
import type { Tx } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'

const Tiles = z.array(WallTile)
const CameraIds = z.array(Id)

/** What a person has saved, of one sort. Nobody sees or changes another's. */
export interface Shelf<New, Saved> {
  list(tx: Tx, personId: string): Promise<Saved[]>
  count(tx: Tx, personId: string): Promise<number>
  insert(tx: Tx, personId: string, id: string, content: New, atMs: number): Promise<Saved>
  /** @returns undefined when this person has none with that id */
  replace(tx: Tx, personId: string, id: string, content: New, atMs: number): Promise<Saved | undefined>
  /** @returns whether there was one */
  remove(tx: Tx, personId: string, id: string): Promise<boolean>
}

const toLayout = (row: Prisma.WallLayoutGetPayload<object>): WallLayout => ({
  id: row.id,
  name: row.name,
  layout: Layout.parse(row.layout),
  tiles: Tiles.parse(JSON.parse(row.tilesJson)),
  updatedAt: toInstant(row.updatedAt.getTime()),
})

const layoutColumns = ({ name, layout, tiles }: NewWallLayout, atMs: number) => ({
  name,
  layout,
  tilesJson: JSON.stringify(tiles),
  updatedAt: new Date(atMs),
})

export const layoutShelf: Shelf<NewWallLayout, WallLayout> = {
  list: async (tx, personId) =>
    (await tx.wallLayout.findMany({ where: { personId }, orderBy: [{ name: 'asc' }, { id: 'asc' }] })).map(toLayout),
  count: (tx, personId) => tx.wallLayout.count({ where: { personId } }),
  insert: async (tx, personId, id, content, atMs) =>
    toLayout(await tx.wallLayout.create({ data: { id, personId, ...layoutColumns(content, atMs) } })),
  replace: async (tx, personId, id, content, atMs) => {
    const { count } = await tx.wallLayout.updateMany({ where: { id, personId }, data: layoutColumns(content, atMs) })
    return count === 0 ? undefined : { id, ...content, updatedAt: toInstant(atMs) }
  },
  remove: async (tx, personId, id) => (await tx.wallLayout.deleteMany({ where: { id, personId } })).count > 0,
}

const toRound = (row: Prisma.WallRoundGetPayload<object>): Round => ({
  id: row.id,
  name: row.name,
  cameraIds: CameraIds.parse(JSON.parse(row.cameraIdsJson)),
  dwellSeconds: row.dwellSeconds,
  updatedAt: toInstant(row.updatedAt.getTime()),
})

const roundColumns = ({ name, cameraIds, dwellSeconds }: NewRound, atMs: number) => ({
  name,
  cameraIdsJson: JSON.stringify(cameraIds),
  dwellSeconds,
  updatedAt: new Date(atMs),
})

export const roundShelf: Shelf<NewRound, Round> = {
  list: async (tx, personId) =>
    (await tx.wallRound.findMany({ where: { personId }, orderBy: [{ name: 'asc' }, { id: 'asc' }] })).map(toRound),
  count: (tx, personId) => tx.wallRound.count({ where: { personId } }),
  insert: async (tx, personId, id, content, atMs) =>
    toRound(await tx.wallRound.create({ data: { id, personId, ...roundColumns(content, atMs) } })),
  replace: async (tx, personId, id, content, atMs) => {
    const { count } = await tx.wallRound.updateMany({ where: { id, personId }, data: roundColumns(content, atMs) })
    return count === 0 ? undefined : { id, ...content, updatedAt: toInstant(atMs) }
  },
  remove: async (tx, personId, id) => (await tx.wallRound.deleteMany({ where: { id, personId } })).count > 0,
}
