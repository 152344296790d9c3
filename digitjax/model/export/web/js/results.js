// The results on the page: the text, and a card for each digit with the network's input and a bar for each class.

import { SIDE } from "./normalize.js";
import { toLabel, toText } from "./reader.js";

const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** Show digits below the canvas: `text`, `status` and `cards` are elements, `template` that of a card. */
export function showResults(digits, threshold, { text, status, cards, template }) {
  const prediction = toText(digits);
  text.textContent = prediction;
  status.textContent = digits.length ? `Prediction: ${prediction || "none"}` : "The canvas is blank";
  cards.replaceChildren(...digits.map((digit) => createCard(digit, threshold, template)));
}

function createCard(digit, threshold, template) {
  const card = template.content.cloneNode(true).firstElementChild;
  card.classList.toggle("rejected", digit.rejected);
  card.querySelector(".label").textContent = toLabel(digit);
  card.querySelector(".confidence").textContent = percent(digit.probabilities[digit.digit]);
  card.querySelector(".reason").textContent = explain(digit, threshold);
  drawImage(card.querySelector("canvas"), digit.image);
  card.querySelector(".bars").replaceChildren(
    ...digit.probabilities.map((probability, i) => createBar(i, probability, i === digit.digit)),
  );
  return card;
}

/** Return why a digit of low confidence is rejected or not; nothing of others. */
function explain({ rejected, top2Probability }, threshold) {
  if (top2Probability >= threshold) return "";
  const reason = rejected ? "Rejected" : "Accepted, as tall as the sure digits";
  return `${reason}: top-2 probability ${percent(top2Probability)} (threshold ${percent(threshold)})`;
}

/** Draw an image in white on black, as the network sees it. */
function drawImage(canvas, image) {
  const pixels = new ImageData(SIDE, SIDE);
  image.forEach((value, i) => pixels.data.set([value, value, value, 255], 4 * i));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

function createBar(label, probability, isLargest) {
  const item = document.createElement("li");
  const bar = document.createElement("span");
  bar.className = "bar";
  bar.style.height = `${100 * probability}%`;
  const track = document.createElement("span");
  track.className = "track";
  track.append(bar);
  const value = document.createElement("span");
  value.className = "hidden";
  value.textContent = `: ${percent(probability)}`;
  item.append(track, `${label}`, value);
  item.classList.toggle("largest", isLargest);
  item.title = `${label}: ${percent(probability)}`;
  return item;
}
