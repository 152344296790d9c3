// The page: reads the drawing after each stroke, and shows what was read.

import { Canvas } from "./canvas.js";
import { Classifier } from "./classifier.js";
import { toPicture } from "./drawing.js";
import { readPicture } from "./reader.js";
import { showResults } from "./results.js";

const WARM_UP = 3; // readings at the start, so that the browser has compiled them before the first stroke

const find = (id) => document.getElementById(id);
const elements = { text: find("text"), status: find("status"), cards: find("cards"), template: find("card") };
const canvas = new Canvas(find("canvas"), onChange);
let classifier = null; // until it is loaded
let isReading = false;
let changes = 0; // of the drawing

find("undo").onclick = () => canvas.undo();
find("clear").onclick = () => canvas.clear();
document.onkeydown = (event) => {
  if (event.key === "Escape") canvas.clear();
  if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) canvas.undo();
};
navigator.serviceWorker?.register("service-worker.js"); // keeps the page for use without a network
await start();

async function start() {
  try {
    const loaded = await Classifier.load();
    for (let i = 0; i < WARM_UP; i++) await readPicture(toPicture([[[100, 100], [100, 300]]]), loaded);
    classifier = loaded;
  } catch (error) {
    find("note").textContent = `The model cannot be loaded: ${error.message}`;
    return;
  }
  const { name, step } = classifier.description;
  find("note").textContent = `Model ${name}, step ${step}, ready.`;
  if (canvas.strokes.length) await read();
}

function onChange() {
  changes += 1;
  find("hint").hidden = canvas.strokes.length > 0;
  if (classifier && !isReading) read();
}

/** Read the drawing, and again as long as it has changed meanwhile. */
async function read() {
  isReading = true;
  for (let seen = -1; seen !== changes; ) {
    seen = changes;
    const start = performance.now();
    const digits = await readPicture(toPicture(canvas.strokes), classifier);
    const time = performance.now() - start;
    showResults(digits, classifier.description.reject_threshold, elements);
    if (!canvas.isDrawing) canvas.mark(digits);
    find("note").textContent = digits.length ? `Read in ${Math.max(1, Math.round(time))} ms.` : "";
  }
  isReading = false;
}
