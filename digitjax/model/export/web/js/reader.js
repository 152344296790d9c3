// A drawing to its digits: the steps of digitjax/recognition/recognizer.py that clean drawings need.

import { accept, top2Probability } from "./acceptance.js";
import { EDGE_INTENSITY, binarize } from "./binarize.js";
import { findComponents } from "./components.js";
import { centerInFrame, cropDigit, toMnist } from "./normalize.js";
import { findDigits } from "./segmentation.js";

/**
 * Read the digits of a drawing, given as ImageData.
 *
 * Each has its digit, the probabilities of all classes, their top-2 probability, whether it is rejected, its box
 * [x0, y0, x1, y1], its line, and the 28x28 image that the network classified. They are in reading order.
 */
export async function readPicture(picture, classifier) {
  const intensity = binarize(picture);
  const { labels, components } = findComponents(intensity, EDGE_INTENSITY);
  const found = findDigits(components);
  const crops = found.map(({ region }) => cropDigit(intensity, labels, region));
  const classified = await classify(crops, classifier);
  const top2 = classified.map(({ probabilities }) => top2Probability(probabilities));
  const heights = found.map(({ region }) => region.height);
  const accepted = accept(top2, heights, classifier.description.reject_threshold);
  return found.map(({ region: { x0, y0, x1, y1 }, line }, i) => ({
    ...classified[i],
    digit: classified[i].probabilities.indexOf(Math.max(...classified[i].probabilities)),
    top2Probability: top2[i],
    rejected: !accepted[i],
    box: [x0, y0, x1, y1],
    line,
  }));
}

/** Classify crops; those below the threshold once more with the stroke width that they have, if that is better. */
async function classify(crops, classifier) {
  const images = crops.map(toMnist);
  const probabilities = await classifier.classify(images);
  const isSure = (row) => top2Probability(row) >= classifier.description.reject_threshold;
  const unsure = [...crops.keys()].filter((i) => !isSure(probabilities[i]));
  const plain = unsure.map((i) => centerInFrame(crops[i]));
  const plainProbabilities = await classifier.classify(plain);
  unsure.forEach((i, n) => {
    if (isSure(plainProbabilities[n])) [images[i], probabilities[i]] = [plain[n], plainProbabilities[n]];
  });
  return images.map((image, i) => ({ image, probabilities: probabilities[i] }));
}

/** Return the text of digits: its lines, separated by spaces, without what is rejected. */
export function toText(digits) {
  const lines = [];
  for (const { digit, line, rejected } of digits) {
    if (!rejected) lines[line] = (lines[line] ?? "") + digit;
  }
  return lines.filter(Boolean).join(" ");
}

/** Return the label of a digit, with a question mark if it is rejected. */
export function toLabel({ digit, rejected }) {
  return rejected ? `${digit}?` : `${digit}`;
}
