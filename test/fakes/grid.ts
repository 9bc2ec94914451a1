/** 东街口网格. */
export const CELL = '990123101001001'

/** A village and its one cell, as an administrator would import them. */
export const GRID = {
  type: 'FeatureCollection',
  features: [
    { type: 'Feature', properties: { code: '990123101001', name: '东街村', level: 'village' }, geometry: null },
    {
      type: 'Feature',
      properties: { code: CELL, name: '东街口网格', level: 'cell', parentCode: '990123101001', lead: '王建国' },
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [119.6, 29.1],
            [119.61, 29.1],
            [119.61, 29.11],
            [119.6, 29.1],
          ],
        ],
      },
    },
  ],
}
