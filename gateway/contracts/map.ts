import { z } from 'zod'

/** What coordinates a tile source is drawn in: WGS-84, or the shifted GCJ-02 of public Chinese maps. */
export const MapDatum = z.enum(['wgs84', 'gcj02'])
export type MapDatum = z.infer<typeof MapDatum>

/** What lies under the map; without `tiles` it is drawn from the cells alone and needs no other host. */
export const MapSettings = z.object({
  tiles: z.object({ url: z.string(), datum: MapDatum }).optional(),
})
export type MapSettings = z.infer<typeof MapSettings>
