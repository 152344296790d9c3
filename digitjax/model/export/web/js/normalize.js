// Normalization of a digit to MNIST's format, as in digitjax/imaging/normalize.py.

import { EDGE_INTENSITY } from "./binarize.js";
import { createGrid, cropGrid, findBox, mapGrid, placeGrid } from "./grid.js";
import { distanceTo, skeletonLength } from "./morphology.js";
import { BICUBIC, BILINEAR, BOX, resize } from "./resize.js";

/** Side of a normalized image, in pixels. */
export const SIDE = 28;
const DIGIT_SIDE = 20; // longer side of the digit in it
const STROKE_WIDTH = 2.8; // in pixels of the image
const DRAFT_SIDE = 80; // longer side, in pixels, of the draft on which strokes are measured and changed
const DRAFT_PADDING = 8;
const MIN_COVERAGE = 0.05; // share of a draft's pixel from which it counts as stroke
const EDGE_WIDTH = 2; // of a stroke's soft edge, in pixels of the draft
const MAX_THINNING = 0.6; // share of a stroke's half width that may be taken away on each side
const FAR = 8; // distance from a stroke, in pixels of the draft, to which none is ever widened
const MIN_BOX_INTENSITY = 0.3; // from which a pixel belongs to the digit's box

/** Return the intensity of one digit with the soft edges of its strokes, and nothing of its neighbors. */
export function cropDigit(intensity, labels, { x0, y0, x1, y1, labels: own }) {
  const { width, height } = intensity;
  const cropped = createGrid(x1 - x0 + 2, y1 - y0 + 2);
  const isOwn = new Set(own);
  for (let y = Math.max(0, y0 - 1); y < Math.min(height, y1 + 1); y++) {
    for (let x = Math.max(0, x0 - 1); x < Math.min(width, x1 + 1); x++) {
      if (intensity.data[y * width + x] && touchesOwn(x, y)) {
        cropped.data[(y - y0 + 1) * cropped.width + x - x0 + 1] = intensity.data[y * width + x];
      }
    }
  }
  return cropped;

  function touchesOwn(x, y) {
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
        if (isOwn.has(labels[v * width + u])) return true;
      }
    }
    return false;
  }
}

/** Return the image of a digit with strokes of MNIST's width, 28x28 numbers from 0 for background to 255. */
export function toMnist(intensity) {
  const strokes = placeInDraft(toDraft(intensity));
  const area = strokes.data.reduce((sum, pixel) => sum + pixel, 0);
  const width = ((area / Math.max(1, skeletonLength(strokes))) * DIGIT_SIDE) / DRAFT_SIDE;
  return centerInFrame(setStrokeWidth(strokes, width));
}

/** Return a digit's strokes as a mask of the size of the draft. */
function toDraft(intensity) {
  const size = scaledSize(intensity, DRAFT_SIDE);
  if (Math.max(intensity.width, intensity.height) < DRAFT_SIDE) {
    return mapGrid(resize(intensity, ...size, BICUBIC), (value) => Number(value > EDGE_INTENSITY));
  }
  const strokes = mapGrid(intensity, (value) => Number(value > EDGE_INTENSITY));
  return mapGrid(resize(strokes, ...size, BOX), (share) => Number(share > MIN_COVERAGE));
}

function placeInDraft(draft) {
  const [width, height] = [draft.width + 2 * DRAFT_PADDING, draft.height + 2 * DRAFT_PADDING];
  return placeGrid(draft, width, height, DRAFT_PADDING, DRAFT_PADDING);
}

/** Return a draft with strokes of MNIST's width and soft edges, given the width that they have. */
function setStrokeWidth(strokes, width) {
  const outside = distanceTo(1, strokes, FAR).data;
  const inside = distanceTo(0, strokes, DRAFT_SIDE).data;
  const depth = inside.reduce((most, distance) => Math.max(most, distance), 0);
  const wanted = (((STROKE_WIDTH - width) / 2) * DRAFT_SIDE) / DIGIT_SIDE;
  const change = Math.max(wanted, -MAX_THINNING * depth); // on each side of a stroke
  return mapGrid(strokes, (_, i) => {
    const distance = Math.max(outside[i] - 0.5, 0) - Math.max(inside[i] - 0.5, 0); // from the edge, negative inside
    return Math.min(1, Math.max(0, EDGE_INTENSITY + (change - distance) / EDGE_WIDTH));
  });
}

/** Fit a digit into 20x20 pixels, and put its center of mass into the middle of 28x28, 0 to 255. */
export function centerInFrame(intensity) {
  const box = findBox(intensity, MIN_BOX_INTENSITY);
  if (!box) return new Uint8Array(SIDE * SIDE);
  const digit = cropGrid(intensity, box);
  const filter = Math.max(digit.width, digit.height) > DIGIT_SIDE ? BOX : BILINEAR;
  const fitted = resize(digit, ...scaledSize(digit, DIGIT_SIDE), filter);
  const largest = Math.max(...fitted.data);
  let [total, sumX, sumY] = [0, 0, 0];
  fitted.data.forEach((value, i) => {
    total += value;
    sumX += value * (i % fitted.width);
    sumY += value * Math.floor(i / fitted.width);
  });
  const left = offset((SIDE - 1) / 2 - sumX / total, fitted.width);
  const top = offset((SIDE - 1) / 2 - sumY / total, fitted.height);
  const frame = placeGrid(fitted, SIDE, SIDE, left, top);
  return Uint8Array.from(frame.data, (value) => roundHalfEven((value / largest) * 255));
}

/** Return the width and the height of a digit whose longer side is scaled to so many pixels. */
function scaledSize({ width, height }, side) {
  const scale = side / Math.max(width, height);
  return [width, height].map((length) => Math.max(1, roundHalfEven(length * scale)));
}

/** Round an offset so that something of a size stays in the frame. */
function offset(exact, size) {
  return Math.min(Math.max(roundHalfEven(exact), 0), SIDE - size);
}

/** Round as Python does: halves to even numbers. */
function roundHalfEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}
