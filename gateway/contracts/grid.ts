import { z } from 'zod'
import { CellCode, Line } from './common.ts'

/** Administrative levels, widest first; a cell (网格) is the leaf of responsibility. */
export const DivisionLevel = z.enum(['province', 'prefecture', 'county', 'township', 'village', 'cell'])
export type DivisionLevel = z.infer<typeof DivisionLevel>

/** WGS-84 longitude and latitude, degrees (RFC 7946 §3.1.1). */
export const LonLat = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)])
export type LonLat = z.infer<typeof LonLat>

const Ring = z.array(LonLat).min(4).max(10_000)

/** RFC 7946 §3.1.6: the first ring is the outline, further rings are holes. */
export const Polygon = z.object({ type: z.literal('Polygon'), coordinates: z.array(Ring).min(1).max(100) })
export type Polygon = z.infer<typeof Polygon>

export const DivisionProperties = z.strictObject({
  code: CellCode,
  name: Line,
  level: DivisionLevel,
  parentCode: CellCode.optional(),
  lead: Line.optional(),
  deputy: Line.optional(),
})
export type DivisionProperties = z.infer<typeof DivisionProperties>

export const DivisionFeature = z.object({
  type: z.literal('Feature'),
  properties: DivisionProperties,
  geometry: Polygon.nullable(),
})
export type DivisionFeature = z.infer<typeof DivisionFeature>

export const Grid = z.object({
  type: z.literal('FeatureCollection'),
  features: z.array(DivisionFeature),
})
export type Grid = z.infer<typeof Grid>

/** Features are checked one by one, so that one bad feature is a problem of its own and not of the file. */
export const GridInput = z.object({
  type: z.literal('FeatureCollection'),
  features: z.array(z.unknown()).max(20_000),
})

export const GridProblem = z.object({
  index: z.number().int(),
  code: z.string().optional(),
  problem: z.enum([
    'invalid-feature',
    'code-pattern',
    'duplicate-code',
    'unknown-parent',
    'cell-needs-polygon',
    'ring-not-closed',
    'overlap',
    'no-lead',
  ]),
  detail: z.string(),
})
export type GridProblem = z.infer<typeof GridProblem>

export const GridImportAnswer = z.object({
  created: z.number().int(),
  updated: z.number().int(),
  problems: z.array(GridProblem),
})
export type GridImportAnswer = z.infer<typeof GridImportAnswer>
