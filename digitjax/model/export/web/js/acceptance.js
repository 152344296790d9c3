// Which digits are part of the text, as in digitjax/recognition/acceptance.py.

const CONTEXT = 2; // number of sure digits from which unsure ones of usual height are accepted beside them
const MIN_PROBABILITY = 0.8; // top-2 probability that those need
const HEIGHT_TOLERANCE = 0.25; // natural logarithm of the ratio of a digit's height to the usual one

/** Return the sum of the two highest probabilities, which measures whether something is a digit at all. */
export function top2Probability(probabilities) {
  const [largest, second] = [...probabilities].sort((a, b) => b - a);
  return largest + second;
}

/** Return whether each digit is accepted, given their top-2 probabilities, their heights, and the threshold. */
export function accept(top2Probabilities, heights, threshold) {
  const isSure = top2Probabilities.map((probability) => probability >= threshold);
  if (isSure.filter(Boolean).length < CONTEXT) return isSure;
  const usual = [...heights].sort((a, b) => a - b)[Math.floor(heights.length / 2)];
  const isUsual = heights.map((height) => Math.abs(Math.log(height / usual)) <= HEIGHT_TOLERANCE);
  return top2Probabilities.map((probability, i) => isSure[i] || (probability >= MIN_PROBABILITY && isUsual[i]));
}
