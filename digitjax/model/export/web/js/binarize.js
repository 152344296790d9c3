// From a drawing to foreground intensity, as digitjax/imaging/binarize.py computes it for black strokes on white.

import { createGrid } from "./grid.js";

/** Intensity at the edge of a stroke, by definition of the scale. */
export const EDGE_INTENSITY = 0.5;
// Blackness at that edge. Otsu's threshold, which Python takes, is always at its upper limit for clean drawings:
// 0.55, lowered by a factor of 0.85.
const EDGE = 0.55 * 0.85;

/** Return the intensity of each pixel of ImageData, from 0 for paper to 1 for strokes. */
export function binarize({ width, height, data }) {
  const intensity = createGrid(width, height);
  for (let i = 0; i < intensity.data.length; i++) {
    if (data[4 * i] < 255) intensity.data[i] = LEVELS[data[4 * i]];
  }
  return intensity;
}

const LEVELS = Float32Array.from({ length: 256 }, (_, gray) => {
  const black = 1 - gray / 255;
  if (black < EDGE) return (black * EDGE_INTENSITY) / EDGE;
  return EDGE_INTENSITY + ((black - EDGE) * (1 - EDGE_INTENSITY)) / (1 - EDGE);
});
