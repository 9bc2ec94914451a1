/** What a dragged camera is called on its way to a tile. */
export const CAMERA_DRAG_TYPE = 'application/x-gridlight-camera'
/** A tile on its way to another one. */
export const TILE_DRAG_TYPE = 'application/x-gridlight-tile'
