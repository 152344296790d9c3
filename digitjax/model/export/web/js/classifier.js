// The network and its calibration, run by ONNX Runtime in WebAssembly.

import { InferenceSession, Tensor, env } from "../runtime/ort.wasm.min.mjs";
import { SIDE } from "./normalize.js";

env.wasm.numThreads = 1; // more need headers that static hosts do not send

/** A calibrated classifier of images of 28x28 pixels. */
export class Classifier {
  constructor(session, description) {
    this.session = session;
    this.description = description;
  }

  /** Load the network and its description from the folder of the page. */
  static async load() {
    const [session, description] = await Promise.all([
      InferenceSession.create("model.onnx", { executionProviders: ["wasm"] }),
      fetch("model.json").then((response) => response.json()),
    ]);
    return new Classifier(session, description);
  }

  /** Return the probabilities of each class for each image. */
  async classify(images) {
    if (!images.length) return [];
    const pixels = new Uint8Array(images.length * SIDE * SIDE);
    images.forEach((image, i) => pixels.set(image, i * SIDE * SIDE));
    const { logits } = await this.session.run({ images: new Tensor("uint8", pixels, [images.length, SIDE, SIDE]) });
    const classes = logits.dims[1];
    return images.map((_, i) => this.softmax([...logits.data.subarray(i * classes, (i + 1) * classes)]));
  }

  softmax(logits) {
    const largest = Math.max(...logits);
    const exponentials = logits.map((logit) => Math.exp((logit - largest) / this.description.temperature));
    const total = exponentials.reduce((sum, exponential) => sum + exponential);
    return exponentials.map((exponential) => exponential / total);
  }
}
